// mailbox_lock.h - who reads a mailbox: an flock() on postrider.pop3.lock in its Maildir.
#pragma once

#include "common/base/fd.h"
#include "common/base/result.h"

namespace postrider::maildir {

inline constexpr const char* kLockName = "postrider.pop3.lock";

// Takes the lock of the Maildir whose descriptor is `maildir`, and holds it as long as the Fd is
// open; the kernel lets go when the process dies, so that the lock of a dead session is free at
// once. An empty Fd: somebody else holds it. Never waits for who does.
//
// On NFS the kernel makes the flock() a byte-range lock on the server, which excludes the sessions
// of other hosts too; for that the file has to be open for writing, as it is here.
Result<Fd> lock_mailbox(int maildir);

// Whether somebody holds the lock just now. Makes no file. To find out it takes the lock, shared,
// for a moment: who calls lock_mailbox() in that moment hears that the mailbox is in use.
bool is_in_use(int maildir) noexcept;

}  // namespace postrider::maildir

// unseen.h - opens or locks a mailbox without a trace of a login.
//
// The time of the lock file is that of the last login (pop3d/opening.h). Whoever makes the file,
// and is no reader, gives it a time long ago. Blocks: for worker threads.
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/maildir/mailbox.h"

namespace postrider::maildir {

// As Mailbox::open() of the Maildir that `maildir` is open on, and stays.
Result<std::unique_ptr<Mailbox>> open_unseen(const Fd& maildir, WallTime now,
                                             const Remembrance& remembrance);

// As lock_mailbox().
Result<Fd> lock_unseen(int maildir);

}  // namespace postrider::maildir

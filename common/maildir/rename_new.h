// rename_new.h - gives a file another name, unless something has that already. Blocks.
//
// NFS, 9p, and ZFS before 2.2 know no RENAME_NOREPLACE, and say EINVAL: there the file is linked to
// its new name, and then loses the old; between the two the new name is made durable, where it is
// in another folder. Who dies there leaves the file with both: the same call goes on, and whoever
// reads the mailbox takes them for one message (listing.h).
#pragma once

#include <string>

namespace postrider::maildir {

// `from` below the directory `from_at` becomes `to` below `at`. The errno, or 0; EEXIST: that name
// is taken, and nothing was done. ENOENT: `from` is gone, and `to` was not made or is gone again.
int rename_new(int from_at, const std::string& from, int at, const std::string& to) noexcept;

// What it does where the file system takes no RENAME_NOREPLACE; for files, not for directories.
int rename_by_link(int from_at, const std::string& from, int at, const std::string& to) noexcept;

}  // namespace postrider::maildir

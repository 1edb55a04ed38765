// mail_copy.h - paths.mail into a backup, while mail is delivered, read and deleted. Blocks.
//
// Nobody who logs in meanwhile is turned away, but for a moment where a mailbox changes under each
// look. A message moves by rename, from new/ to cur/ and to the trash, or within one to another
// name: so each Maildir is looked through until a look finds nothing new, and a file that is known
// already, whatever its name by then, is not copied again. The journal of deletions comes after the
// messages: what it says is gone may be in the copy, and a restore on another day brings that back
// (common/maildir/deletion_journal.h).
//
// Left out: tmp/, locks, what is known of sizes, and what is neither a file nor a folder.
#pragma once

#include <cstdint>
#include <string>

#include "ctl/backup/draft.h"

namespace postrider::ctl::backup {

struct MailCounts {
  std::uint64_t maildirs = 0;
  std::uint64_t messages = 0;  // those in a trash too
};

Result<MailCounts> copy_mail(const std::string& mail_directory, Draft& draft);

}  // namespace postrider::ctl::backup

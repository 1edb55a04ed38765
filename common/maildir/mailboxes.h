// mailboxes.h - all mailboxes below paths.mail, one after the other.
//
// Follows no symbolic link: what is not a directory at <domain>/<user>/Maildir is passed over, and
// so is a name that is no mailbox's (mailbox_path.h). Two directories are open at a time, whatever
// there is. In no order. Blocks: for worker threads.
#pragma once

#include <dirent.h>

#include <optional>
#include <string>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/base/result.h"

namespace postrider::maildir {

struct FoundMailbox {
  std::string name;    // user@domain
  Result<Fd> maildir;  // or why it cannot be opened
};

// The Maildir of one mailbox; an empty Fd: there is none, or only by a symbolic link.
Result<Fd> open_maildir(const std::string& mail_directory, const std::string& mailbox);

class Mailboxes {
 public:
  static Result<Mailboxes> open(const std::string& mail_directory);

  // The next; nothing: there are no more. A domain that cannot be read is found as one mailbox
  // named "@<domain>", with the error.
  std::optional<FoundMailbox> next();

 private:
  using Directory = Handle<DIR, &::closedir>;
  explicit Mailboxes(Directory root) : root_(std::move(root)) {}

  std::optional<FoundMailbox> next_in_domain();

  Directory root_;
  Directory domain_;  // null: the next one is to be opened
  std::string domain_name_;
};

}  // namespace postrider::maildir

// mailbox.h - one mailbox, held exclusively: its messages listed, read and removed.
//
// The lock is an flock() on postrider.pop3.lock in the Maildir: whoever holds the Mailbox is alone
// among all processes of the host that open it here, and the kernel lets go when the holder dies.
// Deliveries and other Maildir programs do not ask for it: a message that they rename meanwhile is
// found again by its base.
//
// Every call blocks: for worker threads, one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/maildir/listing.h"
#include "common/maildir/message_reader.h"
#include "common/maildir/scan.h"

namespace postrider::maildir {

class Mailbox {
 public:
  // Opens `mailbox` (user@domain as the directory knows it) below `mail_directory` and lists it.
  // Null: somebody else holds it. A mailbox that nothing was delivered to yet is empty.
  static Result<std::unique_ptr<Mailbox>> open(const std::string& mail_directory,
                                               const std::string& mailbox, WallTime now);

  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // The messages as they were at open(). Never changes, so it may be read from another thread.
  const Listing& listing() const noexcept { return scan_.listing; }
  std::uint64_t skipped() const noexcept { return scan_.skipped; }
  const std::string& skipped_example() const noexcept { return scan_.example; }

  // Begins to read message `i`. The error is not_found when it is gone.
  Result<MessageReader> read(std::size_t i, std::optional<std::uint64_t> body_lines) const;

  // Removes the messages and returns how many are still there for a reason other than that somebody
  // removed them before.
  std::size_t remove(const std::vector<std::size_t>& messages) const;

  // Lets go of the lock, for the next who opens it. Only listing() may be asked after that.
  void release() noexcept { lock_.reset(); }

 private:
  Mailbox() = default;

  std::string path_of(std::size_t i) const;
  // Where the message is when it is not at path_of(); not_found: nowhere.
  Result<std::string> find_renamed(std::size_t i) const;

  Fd directory_;  // the Maildir; empty: there is none yet
  Fd lock_;
  Scan scan_;
};

}  // namespace postrider::maildir

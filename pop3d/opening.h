// opening.h - opens a mailbox for a login: it is locked, the last login was long enough ago, and it
// is listed.
//
// When the last login was is the modification time of the lock file in the Maildir, so that all
// hosts that serve the mailbox know it. Blocks: for worker threads.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/maildir/mailbox.h"

namespace postrider::pop3d {

struct Opening {
  std::unique_ptr<maildir::Mailbox> mailbox;  // null: somebody else holds it, or
  bool too_soon = false;                      // the last login was just now
};

// As maildir::Mailbox::open(). `login_delay`: from one login to the next; 0: none, and no time is
// kept. A mailbox that nothing was delivered to yet has no last login.
Result<Opening> open_mailbox(const std::string& mail_directory, const std::string& mailbox,
                             std::chrono::seconds login_delay, WallTime now,
                             const maildir::Remembrance& remembrance = {});

}  // namespace postrider::pop3d

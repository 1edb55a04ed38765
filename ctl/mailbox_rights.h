// mailbox_rights.h - in a mailbox the command acts as the mailbox's owner.
//
// Root would leave files there that pop3d can neither read nor write: lock, journal, trash.
#pragma once

#include <utility>

#include "common/base/result.h"

namespace postrider::ctl {

class MailboxRights {
 public:
  // Takes the rights of whom the open directory belongs to, where we are root and it is another's.
  static Result<MailboxRights> take(int directory);
  MailboxRights(MailboxRights&& other) noexcept : taken_(std::exchange(other.taken_, false)) {}
  MailboxRights& operator=(MailboxRights&&) = delete;
  // Gives them back.
  ~MailboxRights();

 private:
  explicit MailboxRights(bool taken) : taken_(taken) {}
  bool taken_;
};

}  // namespace postrider::ctl

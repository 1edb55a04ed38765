// mailbox_rights.h - in a mailbox, and in a daemon's folder, the command acts as its owner.
//
// Root would leave files there that pop3d can neither read nor write: lock, journal, trash; and it
// would do to others' files what the owner may not, should the owner have prepared that.
#pragma once

#include <sys/types.h>

#include <optional>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace postrider::ctl {

class MailboxRights {
 public:
  // Takes the rights of whom the open directory belongs to, where we are root and it is another's;
  // with `group`, by which it is reached, where one is given.
  static Result<MailboxRights> take(int directory, std::optional<gid_t> group = std::nullopt);
  MailboxRights(MailboxRights&& other) noexcept
      : taken_(std::exchange(other.taken_, false)), groups_(std::move(other.groups_)) {}
  MailboxRights& operator=(MailboxRights&&) = delete;
  // Gives them back.
  ~MailboxRights();

 private:
  MailboxRights() = default;  // as we are
  explicit MailboxRights(std::vector<gid_t> groups) : taken_(true), groups_(std::move(groups)) {}

  bool taken_ = false;
  std::vector<gid_t> groups_;  // ours, which the owner has no part in
};

}  // namespace postrider::ctl

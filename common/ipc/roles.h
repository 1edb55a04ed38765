// roles.h - which users of the host may say what to queued, as the kernel tells who they are.
//
// Root and queued's own user may say everything. In an installed suite each daemon has a user of
// its own (etc/sysusers.d), who may speak in that daemon's role alone: whoever has taken over smtpd
// can tell of mail, but neither take jobs nor change the queue.
#pragma once

#include <string_view>
#include <vector>

#include "common/ipc/messages.pb.h"

namespace postrider::ipc {

inline constexpr std::string_view kSmtpdUser = "pr-smtpd";
inline constexpr std::string_view kQueueUser = "pr-queue";
inline constexpr std::string_view kMailUser = "vmail";
inline constexpr std::string_view kRelayUser = "pr-relay";
// Sees the queue, and changes nothing.
inline constexpr std::string_view kMonitorUser = "pr-monitor";

class Roles {
 public:
  struct Grant {
    unsigned uid;
    Role role;
    bool may_change = true;  // as an administrator
  };

  explicit Roles(std::vector<Grant> grants) : grants_(std::move(grants)) {}
  // Root, this process's user, and those of the users above whom the host knows.
  static Roles of_host();

  bool may_connect(unsigned uid) const noexcept;
  bool may_be(unsigned uid, Role role) const noexcept;
  // What an administrator may ask for that changes something.
  bool may_change(unsigned uid) const noexcept;

 private:
  const Grant* find(unsigned uid, Role role) const noexcept;

  std::vector<Grant> grants_;
};

}  // namespace postrider::ipc

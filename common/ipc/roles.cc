#include "common/ipc/roles.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace postrider::ipc {

namespace {

std::optional<unsigned> uid_of(std::string_view user) {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(std::string(user).c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr)
    return std::nullopt;
  return entry.pw_uid;
}

}  // namespace

Roles Roles::of_host() {
  std::vector<Grant> grants;
  for (const unsigned uid : {0U, unsigned{::geteuid()}})
    for (const Role role : {SMTPD, DELIVERD_LOCAL, DELIVERD_REMOTE, ADMIN})
      grants.push_back({uid, role});
  const auto add = [&](std::string_view user, Role role, bool may_change) {
    if (const auto uid = uid_of(user)) grants.push_back({*uid, role, may_change});
  };
  add(kSmtpdUser, SMTPD, true);
  add(kMailUser, DELIVERD_LOCAL, true);
  add(kRelayUser, DELIVERD_REMOTE, true);
  add(kMonitorUser, ADMIN, false);
  return Roles(std::move(grants));
}

const Roles::Grant* Roles::find(unsigned uid, Role role) const noexcept {
  const auto found = std::find_if(grants_.begin(), grants_.end(), [&](const Grant& grant) {
    return grant.uid == uid && grant.role == role;
  });
  return found == grants_.end() ? nullptr : &*found;
}

bool Roles::may_connect(unsigned uid) const noexcept {
  return std::any_of(grants_.begin(), grants_.end(),
                     [&](const Grant& grant) { return grant.uid == uid; });
}

bool Roles::may_be(unsigned uid, Role role) const noexcept { return find(uid, role) != nullptr; }

bool Roles::may_change(unsigned uid) const noexcept {
  const Grant* const grant = find(uid, ADMIN);
  return grant != nullptr && grant->may_change;
}

}  // namespace postrider::ipc

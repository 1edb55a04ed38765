#include "common/net/peer_credentials.h"

#include <pwd.h>
#include <sys/socket.h>

#include <array>

namespace postrider::net {

PeerCredentials peer_credentials(int fd) noexcept {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return {};
  return {static_cast<unsigned>(credentials.pid), credentials.uid, credentials.gid};
}

std::string user_name(unsigned uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16'384> buffer{};
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return std::to_string(uid);
}

}  // namespace postrider::net

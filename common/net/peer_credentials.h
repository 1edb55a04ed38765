// peer_credentials.h - which process is at the other end of a Unix socket, as the kernel says.
#pragma once

#include <string>

namespace postrider::net {

// As they were when the peer connected.
struct PeerCredentials {
  static constexpr unsigned kNoUser = ~0U;  // which nobody has (setuid(2))

  unsigned pid = 0;
  unsigned uid = kNoUser;
  unsigned gid = kNoUser;
};

// SO_PEERCRED (unix(7)); kNoUser where the kernel does not tell.
PeerCredentials peer_credentials(int fd) noexcept;

// What the host calls a user; the number where it has no name for it. May have to ask a server of
// the host's: for the few who administer, not for the many who send.
std::string user_name(unsigned uid);

}  // namespace postrider::net

#include "common/net/peer_credentials.h"

#include <sys/socket.h>

namespace postrider::net {

PeerCredentials peer_credentials(int fd) noexcept {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return {};
  return {static_cast<unsigned>(credentials.pid), credentials.uid, credentials.gid};
}

}  // namespace postrider::net

#include "common/net/peer_credentials.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include <catch2/catch.hpp>

#include "common/base/fd.h"

namespace net_peer_credentials_test {

using namespace postrider;
using namespace postrider::net;

TEST_CASE("peer credentials: of the process that made the connection", "[net]") {
  std::array<int, 2> fds{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) == 0);
  const Fd ours(fds[0]);
  const Fd theirs(fds[1]);
  const PeerCredentials peer = peer_credentials(ours.get());
  CHECK(peer.pid == static_cast<unsigned>(::getpid()));
  CHECK(peer.uid == ::getuid());
  CHECK(peer.gid == ::getgid());
}

TEST_CASE("peer credentials: nobody's where the kernel does not tell", "[net]") {
  CHECK(peer_credentials(-1).uid == PeerCredentials::kNoUser);
  const Fd tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(peer_credentials(tcp.get()).uid == PeerCredentials::kNoUser);
}

TEST_CASE("peer credentials: a user has a name, or else his number", "[net]") {
  CHECK(postrider::net::user_name(0) == "root");
  CHECK(postrider::net::user_name(PeerCredentials::kNoUser - 1) == "4294967294");
}

}  // namespace net_peer_credentials_test

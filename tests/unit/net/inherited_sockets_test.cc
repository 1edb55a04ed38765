#include "common/net/inherited_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "common/net/listener.h"
#include "tests/unit/temp_directory.h"

namespace net_inherited_sockets_test {

using namespace postrider;
using net::InheritedSockets;
using net::SocketAddress;

namespace {

SocketAddress address(const char* text) { return SocketAddress::parse(text).value(); }

struct Given {
  // Listens there, on a port that the kernel chooses; where it does.
  SocketAddress listen(const char* text) {
    auto opened = net::open_listening_socket(address(text));
    REQUIRE(opened);
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    REQUIRE(::getsockname(opened->get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
    sockets.push_back(std::move(*opened));
    return SocketAddress::from(storage);
  }
  std::vector<Fd> sockets;
};

}  // namespace

TEST_CASE("inherited sockets: each is found by where it listens, once", "[net]") {
  Given given;
  const auto first = given.listen("127.0.0.1:0");
  const auto second = given.listen("127.0.0.1:0");
  InheritedSockets inherited(std::move(given.sockets));
  CHECK(inherited.claim(second));
  CHECK_FALSE(inherited.claim(second));
  CHECK(inherited.unclaimed() == std::vector<std::string>{first.str()});
}

TEST_CASE("inherited sockets: one of all addresses serves both families", "[net]") {
  Given given;
  SocketAddress all = given.listen("0.0.0.0:0");
  InheritedSockets inherited(std::move(given.sockets));
  SocketAddress other = all;
  other.ip = net::IpAddress::parse("127.0.0.1").value();
  CHECK_FALSE(inherited.claim(other));
  all.ip = net::IpAddress::parse("::").value();
  CHECK(inherited.claim(all));
}

TEST_CASE("inherited sockets: one of both families is found by each of them", "[net]") {
  Fd both(::socket(AF_INET6, SOCK_STREAM, 0));
  if (!both) return;  // a host without IPv6
  const int off = 0;
  REQUIRE(::setsockopt(both.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0);
  REQUIRE(::listen(both.get(), 1) == 0);
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  REQUIRE(::getsockname(both.get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  SocketAddress v6 = SocketAddress::from(storage);
  SocketAddress v4 = v6;
  v4.ip = net::IpAddress::parse("0.0.0.0").value();
  std::vector<Fd> given;
  given.push_back(std::move(both));
  InheritedSockets inherited(std::move(given));
  CHECK(inherited.claim(v4));
  CHECK(inherited.claim(v6));
  CHECK_FALSE(inherited.claim(v4));
  CHECK_FALSE(inherited.claim(v6));
  CHECK(inherited.unclaimed().empty());
}

TEST_CASE("inherited sockets: a Unix socket is found by its path, and does not block", "[net]") {
  const test::TempDirectory directory;
  const std::string path = directory.path("s");
  auto opened = net::open_listening_unix_socket(path, 0600);
  REQUIRE(opened);
  REQUIRE(::fcntl(opened->get(), F_SETFL, 0) == 0);
  std::vector<Fd> given;
  given.push_back(std::move(*opened));
  InheritedSockets inherited(std::move(given));
  CHECK_FALSE(inherited.claim(path + "x"));
  const Fd claimed = inherited.claim(path);
  REQUIRE(claimed);
  CHECK((::fcntl(claimed.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK(inherited.unclaimed().empty());
}

TEST_CASE("inherited sockets: what does not listen is none", "[net]") {
  std::vector<Fd> given;
  given.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  given.emplace_back(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  given.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(InheritedSockets(std::move(given)).unclaimed().empty());
}

}  // namespace net_inherited_sockets_test

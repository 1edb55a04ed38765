#include "deliverd/remote/address_races.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "common/net/listener.h"

namespace deliverd_remote_address_races_test {

using namespace postrider;
using namespace postrider::deliverd;
using namespace std::chrono_literals;

namespace {

net::IpAddress ip(std::string_view text) { return *net::IpAddress::parse(text); }
const net::IpAddress kV4 = ip("127.0.0.1");
const net::IpAddress kV6 = ip("::1");
// Nobody listens there.
const net::IpAddress kRefusing = ip("127.0.0.9");

// A host that listens on the addresses of `listening`, on one port.
struct Fixture {
  explicit Fixture(const std::vector<net::IpAddress>& listening) {
    for (const net::IpAddress& one : listening) {
      sockets.push_back(*net::open_listening_socket({one, port}));
      sockaddr_storage storage{};
      socklen_t length = sizeof storage;
      ::getsockname(sockets.back().get(), reinterpret_cast<sockaddr*>(&storage), &length);
      port = net::SocketAddress::from(storage).port;
    }
  }

  AddressRaces::Order order(const std::vector<net::IpAddress>& addresses) {
    AddressRaces::Order told;
    const PendingPtr pending =
        races.order("mx.test", addresses, port, 5, [&](AddressRaces::Order one) {
          told = std::move(one);
          loop.stop();
        });
    loop.run();
    return told;
  }

  event::EventLoop loop;
  std::uint16_t port = 0;
  std::vector<Fd> sockets;
  AddressRaces races{loop, 5s};
};

using Addresses = std::vector<net::IpAddress>;

}  // namespace

TEST_CASE("address races: IPv6 comes first where it answers, and its socket waits", "[deliverd]") {
  Fixture f({kV6, kV4});
  CHECK(f.order({kV4, kV6}).addresses == Addresses{kV6, kV4});
  CHECK(f.races.take(net::SocketAddress{kV6, f.port}));
  CHECK_FALSE(f.races.take(net::SocketAddress{kV6, f.port}));
  CHECK_FALSE(f.races.take(net::SocketAddress{kV4, f.port}));
}

TEST_CASE("address races: who answered comes first, and is remembered without a race",
          "[deliverd]") {
  Fixture f({kV4});
  CHECK(f.order({kV4, kV6}).addresses == Addresses{kV4, kV6});
  CHECK(f.races.take(net::SocketAddress{kV4, f.port}));
  CHECK(f.order({kRefusing, kV6, kV4}).addresses == Addresses{kV4, kRefusing, kV6});
  CHECK_FALSE(f.races.take(net::SocketAddress{kV4, f.port}));
}

TEST_CASE("address races: one family alone needs none", "[deliverd]") {
  Fixture f({kV4});
  CHECK(f.order({kRefusing, kV4}).addresses == Addresses{kRefusing, kV4});
  CHECK_FALSE(f.races.take(net::SocketAddress{kV4, f.port}));
}

TEST_CASE("address races: where nobody answers, all are told why", "[deliverd]") {
  Fixture f({kV4});
  f.sockets.clear();
  const auto order = f.order({kV4, kV6});
  CHECK(order.addresses == Addresses{kV6, kV4});
  REQUIRE(order.silent.size() == 2);
  CHECK(order.silent.at(kV4) == net::SocketAddress{kV4, f.port}.str() + ": Connection refused");
}

TEST_CASE("address races: all who wait for one host share one race", "[deliverd]") {
  Fixture f({kV6});
  int told = 0;
  std::vector<PendingPtr> waiting;
  for (int i = 0; i < 10; ++i)
    waiting.push_back(f.races.order("mx.test", {kV4, kV6}, f.port, 5, [&](const auto& order) {
      CHECK(order.addresses.front() == kV6);
      if (++told == 9) f.loop.stop();
    }));
  waiting.front().reset();
  f.loop.run();
  CHECK(told == 9);
  CHECK(f.races.take(net::SocketAddress{kV6, f.port}));
  CHECK_FALSE(f.races.take(net::SocketAddress{kV6, f.port}));
}

}  // namespace deliverd_remote_address_races_test

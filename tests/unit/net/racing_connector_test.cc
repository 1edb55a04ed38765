#include "common/net/racing_connector.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "common/net/listener.h"
#include "tests/unit/monotonic_clock.h"

namespace net_racing_connector_test {

using namespace postrider;
using namespace postrider::net;
using namespace std::chrono_literals;

namespace {

SocketAddress name_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return SocketAddress::from(storage);
}

constexpr std::chrono::seconds kConnectTime{30};

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

// A listener whose queue is full: who connects gets no answer.
class Silent {
 public:
  Silent() : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_storage storage{};
    const socklen_t length = SocketAddress{ip("127.0.0.1"), 0}.fill(storage);
    REQUIRE(::bind(listening_.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0);
    REQUIRE(::listen(listening_.get(), 0) == 0);
    address = name_of(listening_.get());
    address.fill(storage);
    for (Fd& one : waiting_) {
      one = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      static_cast<void>(::connect(one.get(), reinterpret_cast<sockaddr*>(&storage), length));
    }
  }
  SocketAddress address;

 private:
  Fd listening_;
  Fd waiting_[2];
};

struct Fixture {
  event::EventLoop loop;
  Fd open{*open_listening_socket({ip("127.0.0.1"), 0})};
  Fd other{*open_listening_socket({ip("127.0.0.1"), 0})};
  const SocketAddress answering = name_of(open.get());
  const SocketAddress answering_too = name_of(other.get());
  // Nobody listens there.
  const SocketAddress refusing{ip("127.0.0.7"), answering.port};

  // `a_turn`: how much time passes with each turn of the loop.
  RaceResult race(std::vector<SocketAddress> addresses, std::chrono::milliseconds a_turn = 0ms) {
    RaceResult result;
    const PendingPtr pending =
        connect_racing(loop, std::move(addresses), kConnectTime, [&](RaceResult ended) {
          result = std::move(ended);
          loop.stop();
        });
    event::Timer turn(loop, [&] {
      test::pass_time(a_turn);
      turn.arm(1ms);
    });
    if (a_turn > 0ms) turn.arm(0ms);
    loop.run();
    return result;
  }
};

}  // namespace

TEST_CASE("racing connector: the first that is connected wins", "[net]") {
  Fixture f;
  const RaceResult result = f.race({f.answering, f.answering_too});
  REQUIRE(result.winner);
  CHECK(result.winner->address == f.answering);
  CHECK(result.winner->socket);
}

TEST_CASE("racing connector: one that refuses is followed by the next at once", "[net]") {
  Fixture f;
  const auto began = f.loop.now();
  const RaceResult result = f.race({f.refusing, f.refusing, f.answering});
  REQUIRE(result.winner);
  CHECK(result.winner->address == f.answering);
  CHECK(f.loop.now() - began < kStagger);
}

TEST_CASE("racing connector: one that does not answer is overtaken", "[net]") {
  Fixture f;
  const Silent silent;
  const auto began = f.loop.now();
  const RaceResult result = f.race({silent.address, f.answering}, kStagger);
  REQUIRE(result.winner);
  CHECK(result.winner->address == f.answering);
  CHECK(f.loop.now() - began >= kStagger);
}

TEST_CASE("racing connector: after the last was begun none is, however long it takes", "[net]") {
  Fixture f;
  const Silent silent;
  const auto began = f.loop.now();
  const RaceResult result = f.race({f.refusing, silent.address}, kStagger);
  CHECK_FALSE(result.winner);
  CHECK(result.failures.size() == 2);
  CHECK(f.loop.now() - began >= kConnectTime);
}

TEST_CASE("racing connector: without a winner each failure is told", "[net]") {
  Fixture f;
  const SocketAddress second{ip("127.0.0.8"), f.answering.port};
  const RaceResult result = f.race({f.refusing, second});
  CHECK_FALSE(result.winner);
  REQUIRE(result.failures.size() == 2);
  CHECK(result.failures[0].address == f.refusing);
  CHECK(result.failures[1].address == second);
  CHECK(result.failures[1].why == second.str() + ": Connection refused");
}

TEST_CASE("racing connector: who gives up is not told", "[net]") {
  Fixture f;
  bool told = false;
  PendingPtr pending = connect_racing(f.loop, {f.answering}, 1s, [&](RaceResult) { told = true; });
  pending.reset();
  static_cast<void>(f.race({f.answering_too}));
  CHECK_FALSE(told);
}

TEST_CASE("racing connector: the families take turns, each in its order", "[net]") {
  const std::vector<IpAddress> mixed{ip("192.0.2.1"), ip("192.0.2.2"), ip("192.0.2.3"), ip("::1"),
                                     ip("::2")};
  CHECK(in_turn(mixed, false) == std::vector<IpAddress>{ip("::1"), ip("192.0.2.1"), ip("::2"),
                                                        ip("192.0.2.2"), ip("192.0.2.3")});
  CHECK(in_turn(mixed, true) == std::vector<IpAddress>{ip("192.0.2.1"), ip("::1"), ip("192.0.2.2"),
                                                       ip("::2"), ip("192.0.2.3")});
  CHECK(in_turn({ip("::1"), ip("::2")}, true) == std::vector<IpAddress>{ip("::1"), ip("::2")});
  CHECK(in_turn({}, true).empty());
}

}  // namespace net_racing_connector_test

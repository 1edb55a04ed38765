#include "common/net/connector.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace net_connector_test {

using namespace postrider;
using namespace std::chrono_literals;

namespace {

// A socket at which so many wait already that the next is told to come again.
struct BusySocket {
  BusySocket() : listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listening.get(), 0) == 0);
    for (auto one = net::connect_unix(path); one; one = net::connect_unix(path))
      waiting.push_back(std::move(*one));
    REQUIRE_FALSE(waiting.empty());
  }
  void accept_one() {
    const Fd accepted(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    CHECK(accepted);
  }

  const test::TempDirectory directory;
  const std::string path = directory.path("busy");
  const Fd listening;
  std::vector<Fd> waiting;
};

// The error of connecting to the socket; empty: there was none.
std::string outcome_of(event::EventLoop& loop, const std::string& path,
                       std::chrono::seconds timeout) {
  std::optional<std::string> outcome;
  const auto connecting = net::connect(loop, net::UnixSocket{path}, timeout, [&](Result<Fd> fd) {
    outcome = fd ? "" : fd.error().text;
    CHECK((fd || fd.error().kind == ErrorKind::temporary));
    loop.stop();
  });
  CHECK_FALSE(outcome);
  loop.run();
  return outcome.value_or("nothing was said");
}

}  // namespace

TEST_CASE("net connector: a Unix socket that is busy is asked until it has room", "[net]") {
  event::EventLoop loop;
  BusySocket socket;
  event::Timer room(loop, [&] { socket.accept_one(); });
  room.arm(1ms);
  CHECK(outcome_of(loop, socket.path, 10s).empty());
}

TEST_CASE("net connector: a Unix socket that stays busy is asked no longer than is allowed",
          "[net]") {
  event::EventLoop loop;
  const BusySocket socket;
  CHECK(outcome_of(loop, socket.path, 0s) == "busy: connection timed out after 0s");
}

TEST_CASE("net connector: who does not wait for a busy socket hears nothing of it", "[net]") {
  event::EventLoop loop;
  BusySocket socket;
  auto connecting = net::connect(loop, net::UnixSocket{socket.path}, 10s,
                                 [](const auto&) { FAIL("it was not waited for"); });
  event::Timer later(loop, [&] {
    connecting.reset();
    socket.accept_one();
    loop.stop();
  });
  later.arm(1ms);
  loop.run();
}

TEST_CASE("net connector: what is wrong with a Unix socket is told without its path", "[net]") {
  event::EventLoop loop;
  const test::TempDirectory directory;
  CHECK(outcome_of(loop, directory.path("absent"), 10s) == "No such file or directory");
  CHECK(outcome_of(loop, std::string(200, 'x'), 10s) == "File name too long");
}

}  // namespace net_connector_test

#include "common/net/stream.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>

#include <catch2/catch.hpp>

#include "common/net/connector.h"
#include "common/net/listener.h"
#include "tests/unit/temp_directory.h"

namespace net_stream_test {

using namespace postrider;
using namespace std::chrono_literals;

namespace {

struct Owner final : net::Stream::Owner {
  explicit Owner(event::EventLoop& l) : loop(l) {}
  void on_bytes(std::string_view bytes) override {
    got += bytes;
    if (got.size() >= expected) loop.stop();
  }
  void on_drained() override {
    ++drained;
    loop.stop();
  }
  void on_closed(net::CloseReason reason) override {
    closed = reason;
    loop.stop();
  }
  event::EventLoop& loop;
  std::string got;
  std::size_t expected = SIZE_MAX;
  int drained = 0;
  std::optional<net::CloseReason> closed;
};

struct Fixture {
  Fixture() {
    std::array<int, 2> fds{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0);
    ours = Fd(fds[0]);
    theirs = Fd(fds[1]);
  }
  event::EventLoop loop;
  Owner left{loop};
  Owner right{loop};
  Fd ours;
  Fd theirs;
};

}  // namespace

TEST_CASE("net stream: everything arrives in order, also what the kernel cannot take at once",
          "[net][slow]") {
  Fixture f;
  net::Stream a(f.loop, std::move(f.ours), f.left);
  net::Stream b(f.loop, std::move(f.theirs), f.right);
  std::string sent;
  for (int i = 0; i < 200'000; ++i) sent += std::to_string(i) + ' ';
  f.right.expected = sent.size();
  a.send(sent.substr(0, 10));
  a.send(sent.substr(10));
  a.flush();
  CHECK(a.unsent() > 0);
  while (f.right.got.size() < sent.size()) f.loop.run();
  CHECK(f.right.got == sent);
  if (f.left.drained == 0) f.loop.run();
  CHECK(f.left.drained == 1);
  CHECK(a.unsent() == 0);
}

TEST_CASE("net stream: the end of input is told once, and nothing after it", "[net]") {
  Fixture f;
  net::Stream a(f.loop, std::move(f.ours), f.left);
  f.theirs.reset();
  f.loop.run();
  CHECK(f.left.closed == net::CloseReason::end_of_input);
  a.send("late");
  a.flush();
  CHECK(a.unsent() == 0);
}

TEST_CASE("net stream: a peer that is gone makes a write an error, told from the loop", "[net]") {
  Fixture f;
  net::Stream a(f.loop, std::move(f.ours), f.left);
  a.pause_reading();
  f.theirs.reset();
  a.send("hello");
  a.flush();
  CHECK_FALSE(f.left.closed);
  f.loop.run();
  CHECK(f.left.closed == net::CloseReason::error);
}

TEST_CASE("net stream: what is paused is not read, and does not time out", "[net]") {
  Fixture f;
  net::Stream a(f.loop, std::move(f.ours), f.left);
  a.pause_reading();
  a.set_idle_timeout(1ms);
  REQUIRE(::send(f.theirs.get(), "x", 1, 0) == 1);
  event::Timer end(f.loop, [&] { f.loop.stop(); });
  end.arm(10ms);
  f.loop.run();
  CHECK(f.left.got.empty());
  CHECK_FALSE(f.left.closed);
  f.left.expected = 1;
  a.resume_reading();
  f.loop.run();
  CHECK(f.left.got == "x");
}

TEST_CASE("net stream: a silent peer times out", "[net]") {
  Fixture f;
  net::Stream a(f.loop, std::move(f.ours), f.left);
  a.set_idle_timeout(2ms);
  f.loop.run();
  CHECK(f.left.closed == net::CloseReason::timeout);
}

TEST_CASE("net stream: shut_down ends the output after what was sent", "[net]") {
  Fixture f;
  net::Stream a(f.loop, std::move(f.ours), f.left);
  net::Stream b(f.loop, std::move(f.theirs), f.right);
  a.send("bye");
  a.flush();
  a.shut_down();
  f.loop.run();
  CHECK(f.right.got == "bye");
  CHECK(f.right.closed == net::CloseReason::end_of_input);
}

TEST_CASE("net listener: accepts what a connector opens", "[net]") {
  event::EventLoop loop;
  auto listening = net::open_listening_socket(net::SocketAddress::parse("127.0.0.1:0").value());
  REQUIRE(listening);
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  REQUIRE(::getsockname(listening->get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  const auto address = net::SocketAddress::from(storage);

  bool accepted = false;
  bool connected = false;
  const net::Listener listener(
      loop, listening->get(),
      [&](Fd fd, const net::SocketAddress& peer) {
        accepted = fd && peer.ip.is_loopback();
        if (connected) loop.stop();
      },
      [](int) {});
  const auto pending = net::connect_tcp(loop, address, std::nullopt, 5s, [&](Result<Fd> fd) {
    connected = fd.has_value();
    if (accepted) loop.stop();
  });
  loop.run();
  CHECK(accepted);
  CHECK(connected);

  // The same port again is refused, with the address in the reason.
  const auto second = net::open_listening_socket(address);
  REQUIRE_FALSE(second);
  CHECK(second.error().text.find(address.str()) != std::string::npos);
}

TEST_CASE("net connector: a refusal is temporary and names the address", "[net]") {
  event::EventLoop loop;
  auto taken = net::open_listening_socket(net::SocketAddress::parse("127.0.0.1:0").value());
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  REQUIRE(::getsockname(taken->get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  const auto address = net::SocketAddress::from(storage);
  taken->reset();
  std::optional<Error> error;
  const auto pending = net::connect_tcp(loop, address, std::nullopt, 5s, [&](Result<Fd> fd) {
    if (!fd) error = fd.error();
    loop.stop();
  });
  loop.run();
  REQUIRE(error);
  CHECK(error->kind == ErrorKind::temporary);
  CHECK(error->text.find(address.str()) != std::string::npos);
}

TEST_CASE("net unix socket: a dead one is replaced, a living one and a file are not", "[net]") {
  const test::TempDirectory directory;
  const std::string path = directory.path("s");
  {
    const auto first = net::open_listening_unix_socket(path, 0600);
    REQUIRE(first);
    CHECK(net::connect_unix(path));
    const auto second = net::open_listening_unix_socket(path, 0600);
    REQUIRE_FALSE(second);
    CHECK(second.error().text.find("is in use") != std::string::npos);
  }
  CHECK(net::open_listening_unix_socket(path, 0600));

  const std::string file = directory.path("f");
  const Fd made(::open(file.c_str(), O_CREAT | O_WRONLY, 0600));
  CHECK_FALSE(net::open_listening_unix_socket(file, 0600));
  CHECK_FALSE(net::open_listening_unix_socket(directory.path(std::string(200, 'x')), 0600));
}

}  // namespace net_stream_test

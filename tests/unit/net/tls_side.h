// tls_side.h - one side of a connection under TLS, for a test that has both.
#pragma once

#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "common/net/stream.h"

namespace postrider::net::testing {

inline constexpr std::chrono::seconds kLimit{20};

inline std::array<Fd, 2> socket_pair() {
  std::array<int, 2> fds{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

struct Side final : Stream::Owner {
  explicit Side(event::EventLoop& l) : loop(l) {}
  void on_bytes(std::string_view bytes) override {
    got += bytes;
    if (pausing != nullptr) pausing->pause_reading();
    if (got.size() >= expected) loop.stop();
  }
  void on_drained() override {}
  void on_secured(const TlsInfo& agreed) override {
    info = agreed;
    loop.stop();
  }
  void on_closed(CloseReason reason) override {
    closed = reason;
    loop.stop();
  }
  event::EventLoop& loop;
  std::string got;
  std::size_t expected = SIZE_MAX;
  Stream* pausing = nullptr;  // its own, which it pauses whenever it got something
  std::optional<TlsInfo> info;
  std::optional<CloseReason> closed;
};

}  // namespace postrider::net::testing

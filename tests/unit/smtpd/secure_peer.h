// secure_peer.h - a connection of smtpd under TLS, with a client that speaks it.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "smtpd/connection.h"
#include "tests/unit/net/tls_client.h"
#include "tests/unit/smtpd/world.h"

namespace postrider::smtpd::testing {

// A client's end: hears what the server says, in the clear or under TLS.
struct SecurePeer final : net::Stream::Owner {
  SecurePeer(event::EventLoop& l, Fd fd) : loop(l), stream(l, std::move(fd), *this) {}

  void on_bytes(std::string_view bytes) override {
    heard += bytes;
    loop.stop();
  }
  void on_drained() override {}
  void on_secured(const net::TlsInfo&) override {
    secured = true;
    loop.stop();
  }
  void on_closed(net::CloseReason) override {
    closed = true;
    loop.stop();
  }

  // Runs the loop until what was heard since the last call ends in the line of a reply of `code`.
  std::string expect(int code) {
    const std::string end = std::to_string(code) + " ";
    const auto line = [&] {
      const std::size_t before = heard.rfind('\n', heard.size() < 2 ? 0 : heard.size() - 2);
      return heard.substr(before == std::string::npos ? 0 : before + 1);
    };
    while (!closed && !(heard.ends_with("\r\n") && line().starts_with(end))) loop.run();
    CAPTURE(heard);
    REQUIRE(line().starts_with(end));
    return std::exchange(heard, {});
  }
  std::string exchange(std::string_view bytes, int code) {
    stream.send(bytes);
    stream.flush();
    return expect(code);
  }
  void secure(std::unique_ptr<net::TlsSession> session) {
    stream.start_tls(std::move(session), std::chrono::seconds{20});
    while (!secured && !closed) loop.run();
    REQUIRE(secured);
  }

  event::EventLoop& loop;
  std::string heard;
  bool secured = false;
  bool closed = false;
  net::Stream stream;
};

struct SecureWorld {
  SecureWorld() {
    const auto files = net::testing::write_certificate(certificates, "mx.test");
    world.settings.tls.certificate = files.certificate;
    auto loaded = net::TlsServer::load({.files = {files}}, keys, world.clock);
    REQUIRE(loaded);
    world.tls = std::move(*loaded);
  }

  SecurePeer& connect(config::SmtpMode mode) {
    auto [ours, theirs] = socket_pair();
    peer = std::make_unique<SecurePeer>(world.loop, std::move(theirs));
    connection = std::make_unique<Connection>(
        world.services(), world.listener(mode), std::move(ours),
        net::SocketAddress{*net::IpAddress::parse("203.0.113.9"), 40000}, [this] {
          world.loop.destroy_later(std::move(connection));
          world.loop.stop();
        });
    return *peer;
  }
  SecurePeer& secured() {
    SecurePeer& connected = connect(config::SmtpMode::mx);
    connected.expect(220);
    connected.exchange("STARTTLS\r\n", 220);
    connected.secure(client.session());
    return connected;
  }
  // Under implicit TLS, after EHLO, as a client of users' programs.
  SecurePeer& submitting() {
    SecurePeer& connected = connect(config::SmtpMode::submissions);
    connected.secure(client.session());
    connected.expect(220);
    connected.exchange("EHLO client.test\r\n", 250);
    return connected;
  }
  bool logged(std::string_view text) const { return world.lines.find(text) != std::string::npos; }

  postrider::test::TempDirectory certificates;
  net::TicketKeys keys;
  net::testing::TlsClient client;
  World world;
  std::unique_ptr<SecurePeer> peer;
  std::unique_ptr<Connection> connection;
};

}  // namespace postrider::smtpd::testing

// connection_fixture.h - a Connection over a socket pair, with a client at the other end.
#pragma once

#include <memory>

#include "smtpd/connection.h"
#include "tests/unit/smtpd/world.h"

namespace postrider::smtpd::testing {

struct ConnectionFixture {
  Peer& connect(const char* address = "203.0.113.9", config::SmtpMode mode = config::SmtpMode::mx) {
    auto [ours, theirs] = socket_pair();
    peer = std::make_unique<Peer>(world.loop, std::move(theirs));
    connection = std::make_unique<Connection>(
        world.services(), world.listener(mode), std::move(ours),
        net::SocketAddress{*net::IpAddress::parse(address), 40000}, [this] {
          ++done;
          world.loop.destroy_later(std::move(connection));
          if (stop_when_done) world.loop.stop();
        });
    peer->expect(220);
    return *peer;
  }

  World world;
  std::unique_ptr<Peer> peer;
  std::unique_ptr<Connection> connection;
  int done = 0;
  bool stop_when_done = false;
};

}  // namespace postrider::smtpd::testing

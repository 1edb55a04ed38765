// tls_world.h - servers of TLS with their files and keys, and connections to them.
#pragma once

#include <string>

#include <catch2/catch.hpp>

#include "common/net/tls_server.h"
#include "tests/unit/net/tls_client.h"
#include "tests/unit/net/tls_side.h"

namespace postrider::net::testing {

struct World {
  std::unique_ptr<net::TlsServer> load(net::TlsServer::Options options) {
    auto server = net::TlsServer::load(std::move(options), keys, clock);
    REQUIRE(server);
    return std::move(*server);
  }
  std::unique_ptr<net::TlsServer> load() {
    return load({.files = {write_certificate(directory, "mx.example.org")}, .protocols = {"smtp"}});
  }

  postrider::test::TempDirectory directory;
  ManualClock clock;
  net::TicketKeys keys;
  TlsClient client;
};

// A connection between the server and the client, under TLS as far as they agree.
struct Connection {
  Connection(World& world, net::TlsServer& server) {
    auto [near, far] = socket_pair();
    a.emplace(loop, std::move(near), ours);
    b.emplace(loop, std::move(far), theirs);
    a->start_tls(server.accept(), kLimit);
    b->start_tls(world.client.session(), kLimit);
    while (!secured() && !ours.closed && !theirs.closed) loop.run();
  }
  bool secured() const { return ours.info && theirs.info; }

  // A word in each direction: the client reads its tickets with the answer.
  void exchange() {
    ours.expected = ours.got.size() + 5;
    theirs.expected = theirs.got.size() + 5;
    b->send("hello");
    b->flush();
    while (ours.got.size() < ours.expected) loop.run();
    a->send("there");
    a->flush();
    while (theirs.got.size() < theirs.expected) loop.run();
  }

  event::EventLoop loop;
  Side ours{loop};
  Side theirs{loop};
  std::optional<net::Stream> a;
  std::optional<net::Stream> b;
};

}  // namespace postrider::net::testing

#include "tests/unit/net/tls_world.h"

#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

namespace net_tls_test {

using namespace postrider;
using namespace std::chrono_literals;
using net::testing::Connection;
using net::testing::kLimit;
using net::testing::Side;
using net::testing::socket_pair;
using net::testing::TlsClient;
using net::testing::World;
using net::testing::write_certificate;

namespace {

// A client whose octets the test carries.
class MemoryClient {
 public:
  explicit MemoryClient(TlsClient& client) : session_(client.session()), ssl_(client.raw) {
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }
  // What it says when it has heard that.
  std::string answer(std::string_view heard) {
    BIO_write(SSL_get_rbio(ssl_), heard.data(), static_cast<int>(heard.size()));
    SSL_do_handshake(ssl_);
    char* said = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &said);
    std::string octets(said, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(SSL_get_wbio(ssl_)));
    return octets;
  }

 private:
  std::unique_ptr<net::TlsSession> session_;
  SSL* const ssl_;
};

void turn(event::EventLoop& loop) {
  loop.defer([&loop] { loop.stop(); });
  loop.run();
}

// The client changes its keys so often (RFC 8446 section 4.6.3), 27 octets each, or until the
// server has enough of it.
void change_keys(Connection& connection, SSL* client, std::size_t times) {
  for (std::size_t i = 0; i < times && !connection.ours.closed; ++i) {
    REQUIRE(SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
    while (SSL_do_handshake(client) != 1 && !connection.ours.closed) turn(connection.loop);
  }
}

}  // namespace

TEST_CASE("net tls: who changes its keys all the time is closed, whatever it sends in between",
          "[net][tls]") {
  World world;
  const auto server = world.load();
  Connection connection(world, *server);
  REQUIRE(connection.secured());
  if (GENERATE(false, true)) {
    change_keys(connection, world.client.raw, net::TlsSession::kMaxMessages / 2);
    connection.exchange();
    change_keys(connection, world.client.raw, net::TlsSession::kMaxMessages / 2);
    connection.exchange();
    CHECK(connection.ours.got == "hellohello");
    REQUIRE_FALSE(connection.ours.closed);
  }
  change_keys(connection, world.client.raw, net::TlsSession::kMaxMessages + 2);
  for (int i = 0; i < 100 && !connection.ours.closed; ++i) turn(connection.loop);
  REQUIRE(connection.ours.closed);
  CHECK(*connection.ours.closed == net::CloseReason::error);
  CHECK(connection.a->failure() == "the peer sends too much that is no data");
}

TEST_CASE("net tls: everything arrives in order, in both directions", "[net][tls][slow]") {
  World world;
  const auto server = world.load();
  Connection connection(world, *server);
  REQUIRE(connection.secured());
  CHECK(connection.ours.info->version == "TLSv1.3");
  CHECK(connection.ours.info->cipher.starts_with("TLS_"));
  std::string sent;
  for (int i = 0; i < 200'000; ++i) sent += std::to_string(i) + ' ';
  connection.ours.expected = sent.size();
  connection.theirs.expected = sent.size();
  connection.a->send(sent);
  connection.b->send(sent);
  connection.a->flush();
  connection.b->flush();
  while (connection.ours.got.size() < sent.size() || connection.theirs.got.size() < sent.size())
    connection.loop.run();
  CHECK(connection.ours.got == sent);
  CHECK(connection.theirs.got == sent);
}

TEST_CASE("net tls: what is decrypted already is read when reading goes on", "[net][tls]") {
  World world;
  const auto server = world.load();
  Connection connection(world, *server);
  const std::string sent(100'000, 'x');
  connection.a->pause_reading();
  connection.b->send(sent);
  connection.b->flush();
  connection.ours.expected = sent.size();
  connection.a->resume_reading();
  while (connection.ours.got.size() < sent.size()) connection.loop.run();
  CHECK(connection.ours.got == sent);
}

TEST_CASE(
    "net tls: who pauses while octets are decrypted gets the rest, and the end, when it resumes",
    "[net][tls]") {
  World world;
  const auto server = world.load();
  Connection connection(world, *server);
  connection.ours.expected = 1;
  connection.b->send(std::string(150'000, 'x'));
  connection.b->shut_down();
  connection.loop.run();
  connection.a->pause_reading();
  const std::size_t before = connection.ours.got.size();
  for (int turn = 0; turn < 4; ++turn) event_base_loop(connection.loop.raw(), EVLOOP_NONBLOCK);
  CHECK(connection.ours.got.size() == before);
  CHECK_FALSE(connection.ours.closed);
  connection.a->resume_reading();
  while (!connection.ours.closed) connection.loop.run();
  CHECK(connection.ours.got.size() == 150'000);
  CHECK(connection.ours.closed == net::CloseReason::end_of_input);
}

TEST_CASE("net tls: an end that came with the last octets is told to who paused at them",
          "[net][tls]") {
  World world;
  const auto server = world.load();
  Connection connection(world, *server);
  connection.ours.pausing = &*connection.a;
  connection.ours.expected = 1;
  connection.b->send("x");
  connection.b->flush();
  SSL_shutdown(world.client.raw);  // close_notify, while the socket stays open
  connection.loop.run();
  CHECK_FALSE(connection.ours.closed);
  connection.a->resume_reading();
  for (int turn = 0; turn < 4; ++turn) event_base_loop(connection.loop.raw(), EVLOOP_NONBLOCK);
  CHECK(connection.ours.closed == net::CloseReason::end_of_input);
}

TEST_CASE("net tls: close_notify is the end of input, its lack an error", "[net][tls]") {
  World world;
  const auto server = world.load();
  Connection connection(world, *server);
  SECTION("said") {
    connection.b->shut_down();
    while (!connection.ours.closed) connection.loop.run();
    CHECK(connection.ours.closed == net::CloseReason::end_of_input);
  }
  SECTION("not said") {
    SSL_set_quiet_shutdown(world.client.raw, 1);
    connection.b.reset();
    while (!connection.ours.closed) connection.loop.run();
    CHECK(connection.ours.closed == net::CloseReason::error);
    CHECK_FALSE(connection.a->failure().empty());
  }
}

TEST_CASE("net tls: a handshake whose peer does not read waits, and goes on when it does",
          "[net][tls]") {
  World world;
  const auto server = world.load();
  event::EventLoop loop;
  Side ours{loop};
  auto [near, far] = socket_pair();
  // Not one octet more has room.
  std::size_t filling = 0;
  for (const std::string& piece : {std::string(4096, 'x'), std::string(1, 'x')})
    while (::send(near.get(), piece.data(), piece.size(), 0) > 0) filling += piece.size();
  net::Stream stream(loop, std::move(near), ours);
  stream.start_tls(server->accept(), kLimit);

  // The client's words, and a record that the server does not come to before it has answered them
  // (RFC 8446 appendix D.4).
  MemoryClient client(world.client);
  for (const std::string& words : {client.answer(""), std::string("\x14\x03\x03\0\1\1", 6)}) {
    REQUIRE(::send(far.get(), words.data(), words.size(), 0) == static_cast<ssize_t>(words.size()));
    for (int turn = 0; turn < 4; ++turn) event_base_loop(loop.raw(), EVLOOP_ONCE | EVLOOP_NONBLOCK);
  }
  int turns = 0;
  loop.set_after_turn([&] { ++turns; });
  event::Timer end(loop, [&] { loop.stop(); });
  end.arm(20ms);
  loop.run();
  CHECK(turns < 20);

  event::Watch readable(loop, far.get(), event::Watch::For::reading, [&] {
    std::array<char, 16384> chunk{};
    const ssize_t n = ::recv(far.get(), chunk.data(), chunk.size(), 0);
    REQUIRE(n > 0);
    std::string_view heard(chunk.data(), static_cast<std::size_t>(n));
    const std::size_t skipped = std::min(filling, heard.size());
    filling -= skipped;
    heard.remove_prefix(skipped);
    const std::string answer = client.answer(heard);
    REQUIRE(::send(far.get(), answer.data(), answer.size(), 0) ==
            static_cast<ssize_t>(answer.size()));
  });
  readable.enable();
  while (!ours.info && !ours.closed) loop.run();
  CHECK(ours.info);
}

TEST_CASE("net tls: what comes in the clear instead of a handshake reaches nobody", "[net][tls]") {
  World world;
  const auto server = world.load();
  event::EventLoop loop;
  Side ours{loop};
  auto [near, far] = socket_pair();
  net::Stream stream(loop, std::move(near), ours);
  stream.send("220 go\r\n");
  stream.start_tls(server->accept(), kLimit);
  const std::string_view injected = "MAIL FROM:<a@example.org>\r\n";
  REQUIRE(::send(far.get(), injected.data(), injected.size(), 0) > 0);
  while (!ours.closed) loop.run();
  CHECK(ours.closed == net::CloseReason::error);
  CHECK(stream.failure() == "what the peer sends is no TLS");
  CHECK(ours.got.empty());
  CHECK_FALSE(ours.info);
  std::array<char, 64> said{};
  REQUIRE(::recv(far.get(), said.data(), 8, 0) == 8);
  CHECK(std::string_view(said.data(), 8) == "220 go\r\n");
}

TEST_CASE("net tls: what is sent during the handshake is sent after it", "[net][tls]") {
  World world;
  const auto server = world.load();
  event::EventLoop loop;
  Side ours{loop};
  Side theirs{loop};
  auto [near, far] = socket_pair();
  net::Stream a(loop, std::move(near), ours);
  net::Stream b(loop, std::move(far), theirs);
  a.start_tls(server->accept(), kLimit);
  a.send("220 ");
  a.flush();
  b.start_tls(world.client.session(), kLimit);
  theirs.expected = 4;
  while (theirs.got.size() < 4) loop.run();
  CHECK(theirs.got == "220 ");
}

TEST_CASE(
    "net tls: a handshake that takes too long, or for which there is no memory, ends the "
    "connection",
    "[net][tls]") {
  World world;
  const auto server = world.load();
  event::EventLoop loop;
  Side ours{loop};
  auto [near, far] = socket_pair();
  net::Stream stream(loop, std::move(near), ours);
  stream.set_idle_timeout(1us);  // it is the handshake that is waited for, not the peer
  const bool has_memory = GENERATE(true, false);
  stream.start_tls(has_memory ? server->accept() : nullptr, 0s);
  CHECK_FALSE(ours.closed);
  while (!ours.closed) loop.run();
  CHECK(ours.closed == net::CloseReason::error);
  CHECK(stream.failure() == (has_memory ? "the handshake took too long" : "no memory for TLS"));
}

TEST_CASE("net tls: a peer that is gone is an error, not the end of the process", "[net][tls]") {
  World world;
  const auto server = world.load();
  Connection connection(world, *server);
  SSL_set_quiet_shutdown(world.client.raw, 1);
  connection.a->pause_reading();
  connection.b.reset();
  connection.a->send("x");
  connection.a->flush();
  while (!connection.ours.closed) connection.loop.run();
  CHECK(connection.ours.closed == net::CloseReason::error);
}

TEST_CASE("net tls: old versions are refused", "[net][tls]") {
  World world;
  const auto files = write_certificate(world.directory, "mx.example.org");
  const auto try_version = [&](bool only_tls13, int version) {
    const auto server = world.load({.files = {files}, .only_tls13 = only_tls13});
    SSL_CTX_set_min_proto_version(world.client.context.get(), version);
    SSL_CTX_set_max_proto_version(world.client.context.get(), version);
    SSL_CTX_set_security_level(world.client.context.get(), 0);
    return Connection(world, *server).secured();
  };
  CHECK_FALSE(try_version(false, TLS1_1_VERSION));
  CHECK(try_version(false, TLS1_2_VERSION));
  CHECK_FALSE(try_version(true, TLS1_2_VERSION));
  CHECK(try_version(true, TLS1_3_VERSION));
}

TEST_CASE("net tls: a client that speaks another protocol is refused", "[net][tls]") {
  World world;
  const auto server = world.load();
  const auto offer = [&](std::string_view protocols) {
    REQUIRE(SSL_CTX_set_alpn_protos(world.client.context.get(),
                                    reinterpret_cast<const unsigned char*>(protocols.data()),
                                    static_cast<unsigned>(protocols.size())) == 0);
    return Connection(world, *server).secured();
  };
  CHECK_FALSE(offer("\x02h2\x08http/1.1"));
  CHECK(offer("\x02h2\x04smtp"));
}

TEST_CASE("net tls: a ticket of one worker is good with another, as long as its time lasts",
          "[net][tls]") {
  World world;
  const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(world.client.context.get(), version);
  const net::TlsServer::Options options{
      .files = {write_certificate(world.directory, "mx.example.org")}};
  const auto first = world.load(options);
  const auto second = world.load(options);
  {
    Connection connection(world, *first);
    REQUIRE(connection.secured());
    CHECK_FALSE(connection.ours.info->resumed);
    connection.exchange();
    world.client.ticket.reset(SSL_get1_session(world.client.raw));
  }
  CHECK(Connection(world, *second).ours.info->resumed);
  net::TicketKeys others;
  const auto stranger = net::TlsServer::load(options, others, world.clock);
  REQUIRE(stranger);
  CHECK_FALSE(Connection(world, **stranger).ours.info->resumed);
  world.clock.advance(2 * net::TicketKeys::kPeriod);
  CHECK_FALSE(Connection(world, *second).ours.info->resumed);
}

TEST_CASE("net tls: each session under TLS 1.3 has a ticket of its own", "[net][tls]") {
  World world;
  const auto server = world.load();
  std::set<std::string> tickets;
  for (int i = 0; i < 3; ++i) {
    Connection connection(world, *server);
    REQUIRE(connection.secured());
    CHECK(connection.ours.info->resumed == (i > 0));
    connection.exchange();
    world.client.ticket.reset(SSL_get1_session(world.client.raw));
    const unsigned char* ticket = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(world.client.ticket.get(), &ticket, &size);
    REQUIRE(ticket != nullptr);
    tickets.emplace(reinterpret_cast<const char*>(ticket), size);
  }
  CHECK(tickets.size() == 3);
}

TEST_CASE("net tls: both ends name their connection by the same bindings, and no other connection",
          "[net][tls]") {
  World world;
  const bool is_tls13 = GENERATE(false, true);
  const auto version = is_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  SSL_CTX_set_max_proto_version(world.client.context.get(), version);
  const auto server = world.load();
  std::string last;
  // The second time resumed, which changes whose words come first.
  for (const bool resumed : {false, true}) {
    Connection connection(world, *server);
    REQUIRE(connection.secured());
    CHECK(connection.ours.info->resumed == resumed);
    CHECK(connection.ours.info->has_bindings);
    const ChannelBindings ours = connection.a->channel_bindings();
    const ChannelBindings theirs = connection.b->channel_bindings();
    CHECK(ours.tls_exporter.size() == 32);
    CHECK(ours.tls_exporter == theirs.tls_exporter);
    CHECK(ours.tls_exporter != std::exchange(last, ours.tls_exporter));
    CHECK(ours.tls_unique.size() == (is_tls13 ? 0 : 12));
    CHECK(ours.tls_unique == theirs.tls_unique);
    connection.exchange();
    world.client.ticket.reset(SSL_get1_session(world.client.raw));
  }
}

TEST_CASE("net tls: keys that another connection may share name none", "[net][tls]") {
  World world;
  SSL_CTX_set_max_proto_version(world.client.context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(world.client.context.get(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
  const auto server = world.load();
  const Connection connection(world, *server);
  REQUIRE(connection.secured());
  CHECK_FALSE(connection.ours.info->has_bindings);
  CHECK(connection.a->channel_bindings().tls_exporter.empty());
  CHECK(connection.a->channel_bindings().tls_unique.empty());
}

}  // namespace net_tls_test

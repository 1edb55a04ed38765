// A client of smtpd that logs in.
#include <catch2/catch.hpp>

#include "common/base/base64.h"
#include "tests/unit/sasl/scram_client.h"
#include "tests/unit/smtpd/secure_peer.h"

namespace smtpd_connection_login_test {

using namespace postrider;
using namespace postrider::smtpd;
using config::SmtpMode;
using metrics::Counter;
using sasl::testing::ScramClient;
using smtpd::testing::SecurePeer;
using smtpd::testing::SecureWorld;

namespace {

std::string plain(std::string_view user, std::string_view password) {
  std::string message("\0", 1);
  message.append(user).append("\0", 1).append(password);
  return "AUTH PLAIN " + to_base64(message) + "\r\n";
}

// The exchange of `client`; the reply that ends it has `code`.
void log_in(SecurePeer& peer, const std::string& mechanism, ScramClient& client, int code) {
  const std::string challenge =
      peer.exchange("AUTH " + mechanism + " " + to_base64(client.first()) + "\r\n", 334);
  const auto server_first = from_base64(challenge.substr(4, challenge.size() - 6));
  REQUIRE(server_first);
  const std::string last = to_base64(client.last(*server_first)) + "\r\n";
  if (code == 535) {
    peer.exchange(last, 535);
    return;
  }
  CHECK(peer.exchange(last, 334) == "334 " + to_base64(client.expected()) + "\r\n");
  peer.exchange("\r\n", code);
}

constexpr std::string_view kEnvelope =
    "MAIL FROM:<alice@here.test>\r\nRCPT TO:<friend@far.test>\r\nDATA\r\n";

}  // namespace

TEST_CASE("smtpd connection: who has logged in may relay, and trace, envelope and log tell it",
          "[smtpd][auth]") {
  SecureWorld f;
  SecurePeer& peer = f.submitting();
  CHECK(peer.exchange(plain("alice@here.test", "secret"), 235) == "235 2.7.0 authenticated\r\n");
  CHECK(f.logged("event=authenticated user=alice@here.test client=203.0.113.9 mechanism=PLAIN "));
  peer.exchange(kEnvelope, 354);
  peer.exchange("From: a@b.test\r\n\r\nx\r\n.\r\n", 250);
  REQUIRE(f.world.envelopes().size() == 1);
  const spool::Envelope envelope = f.world.envelopes()[0];
  CHECK(envelope.auth() == "alice@here.test");
  CHECK(envelope.protocol() == "ESMTPSA");
  CHECK(envelope.trace().find("with ESMTPSA id ") != std::string::npos);
  CHECK(envelope.trace().find("alice") == std::string::npos);
  CHECK(f.logged(" protocol=ESMTPSA user=alice@here.test tls=TLSv1.3 "));
  CHECK(f.world.counters.value(Counter::authentications) == 1);
  CHECK(f.world.counters.value(Counter::authentication_failures) == 0);

  peer.exchange("MAIL FROM:<alice@here.test> SMTPUTF8\r\nRCPT TO:<friend@far.test>\r\nDATA\r\n",
                354);
  peer.exchange("x: y\r\n.\r\n", 250);
  CHECK(f.world.envelopes()[1].protocol() == "UTF8SMTPSA");
}

TEST_CASE("smtpd connection: who may log in no more sends no more by an open session",
          "[smtpd][auth]") {
  SecureWorld f;
  SecurePeer& peer = f.submitting();
  peer.exchange(plain("alice@here.test", "secret"), 235);
  peer.exchange(kEnvelope, 354);
  peer.exchange("From: a@b.test\r\n\r\nx\r\n.\r\n", 250);
  f.world.credentials.away = true;
  peer.exchange("MAIL FROM:<alice@here.test>\r\n", 451);
  f.world.credentials.away = false;
  peer.exchange("MAIL FROM:<alice@here.test>\r\n", 250);
  peer.exchange("RSET\r\n", 250);
  f.world.credentials.revoked = true;
  peer.exchange("MAIL FROM:<alice@here.test>\r\n", 421);
  CHECK(f.logged("event=login_revoked user=alice@here.test client=203.0.113.9 reason="));
  CHECK(f.world.envelopes().size() == 1);
}

TEST_CASE("smtpd connection: a wrong password is told, but never shown", "[smtpd][auth]") {
  SecureWorld f;
  SecurePeer& peer = f.submitting();
  const std::string wrong = peer.exchange(plain("alice@here.test", "hunter2"), 535);
  CHECK(wrong == "535 5.7.8 authentication credentials invalid\r\n");
  CHECK(peer.exchange(plain("nobody@here.test", "hunter2"), 535) == wrong);
  CHECK(peer.exchange(plain("alice@here.test", "old"), 535) == wrong);
  CHECK(
      f.logged("event=authentication_failed user=alice@here.test client=203.0.113.9 "
               "mechanism=PLAIN reason=\"wrong password\""));
  CHECK(f.logged("reason=\"the app password has expired\""));
  CHECK_FALSE(f.logged("hunter2"));
  CHECK(f.world.counters.value(Counter::authentication_failures) == 3);
  CHECK(f.world.counters.value(Counter::authentications) == 0);
  peer.exchange("MAIL FROM:<alice@here.test>\r\n", 530);
}

TEST_CASE("smtpd connection: while an account is banned, right and wrong passwords look the same",
          "[smtpd][auth]") {
  SecureWorld f;
  SecurePeer& peer = f.submitting();
  REQUIRE(f.world.bans.ban(limits::BanKind::account, "alice@here.test",
                           f.world.clock.now() + std::chrono::hours{1}, f.world.clock.now()));
  const std::string right = peer.exchange(plain("alice@here.test", "secret"), 454);
  CHECK(right == "454 4.7.0 too many wrong passwords, try again later\r\n");
  CHECK(peer.exchange(plain("Alice@here.test", "hunter2"), 454) == right);
  const char* const password = GENERATE("secret", "hunter2");
  ScramClient client("alice@here.test", password);
  CHECK(peer.exchange("AUTH SCRAM-SHA-256 " + to_base64(client.first()) + "\r\n", 454) == right);
  CHECK(f.world.credentials.asked == 0);
  CHECK(f.world.bans.list(std::chrono::hours{1}, f.world.clock.now()).value().size() == 1);
  CHECK(f.logged("mechanism=SCRAM-SHA-256 reason=\"the address or the account is banned\""));
  peer.exchange("MAIL FROM:<alice@here.test>\r\n", 530);
  f.world.clock.advance(std::chrono::hours{1});
  peer.exchange(plain("alice@here.test", "secret"), 235);
}

TEST_CASE("smtpd connection: a ban that begins within an exchange leaves its proof unanswered",
          "[smtpd][auth]") {
  SecureWorld f;
  SecurePeer& peer = f.submitting();
  const char* const password = GENERATE("secret", "hunter2");
  ScramClient client("alice@here.test", password);
  const std::string challenge =
      peer.exchange("AUTH SCRAM-SHA-256 " + to_base64(client.first()) + "\r\n", 334);
  REQUIRE(f.world.bans.ban(limits::BanKind::address, "203.0.113.9",
                           f.world.clock.now() + std::chrono::hours{1}, f.world.clock.now()));
  const std::string last = client.last(*from_base64(challenge.substr(4, challenge.size() - 6)));
  CHECK(peer.exchange(to_base64(last) + "\r\n", 454) ==
        "454 4.7.0 too many wrong passwords, try again later\r\n");
}

TEST_CASE("smtpd connection: logins that are pipelined are each refused in their turn",
          "[smtpd][auth]") {
  SecureWorld f;
  SecurePeer& peer = f.submitting();
  const std::string reply = "501 5.5.2 the response is none of this mechanism\r\n";
  CHECK(peer.exchange("AUTH PLAIN eA==\r\nAUTH PLAIN eA==\r\nQUIT\r\n", 221)
            .starts_with(reply + reply + "221 "));
}

TEST_CASE("smtpd connection: what is no message of the mechanism has a reply of its own",
          "[smtpd][auth]") {
  SecureWorld f;
  SecurePeer& peer = f.submitting();
  peer.exchange("AUTH PLAIN dGVzdA==\r\n", 501);
  peer.exchange("AUTH SCRAM-SHA-256 dGVzdA==\r\n", 501);
  CHECK(f.logged("mechanism=SCRAM-SHA-256 reason=\"no message of the mechanism\""));
  peer.exchange("AUTH LOGIN\r\n", 334);
  peer.exchange("*\r\n", 501);
  peer.exchange(plain("alice@here.test", "secret"), 235);
}

TEST_CASE("smtpd connection: passwords that cannot be verified now are no wrong passwords",
          "[smtpd][auth]") {
  SecureWorld f;
  f.world.credentials.away = true;
  SecurePeer& peer = f.submitting();
  CHECK(peer.exchange(plain("alice@here.test", "secret"), 454).starts_with("454 4.7.0 "));
  ScramClient client("alice@here.test", "secret");
  peer.exchange("AUTH SCRAM-SHA-256 " + to_base64(client.first()) + "\r\n", 454);
  const std::string_view told = "event=authentication_unavailable reason=away";
  CHECK(f.world.lines.find(told) != std::string::npos);
  CHECK(f.world.lines.find(told) == f.world.lines.rfind(told));
  CHECK_FALSE(f.logged("event=authentication_available"));
  CHECK(f.world.counters.value(Counter::authentication_failures) == 0);
  f.world.credentials.away = false;
  peer.exchange(plain("alice@here.test", "secret"), 235);
  CHECK(f.logged("event=authentication_available"));
}

TEST_CASE("smtpd connection: SCRAM, bound to the TLS connection that both ends see",
          "[smtpd][auth]") {
  SecureWorld f;
  const bool is_tls13 = GENERATE(true, false);
  if (!is_tls13) SSL_CTX_set_max_proto_version(f.client.context.get(), TLS1_2_VERSION);
  SecurePeer& peer = f.submitting();
  ScramClient client("alice@here.test", "secret");
  const ChannelBindings seen = peer.stream.channel_bindings();
  SECTION("tls-exporter") {
    client.header = "p=tls-exporter,,";
    client.binding = seen.tls_exporter;
    log_in(peer, "SCRAM-SHA-256-PLUS", client, 235);
  }
  SECTION("tls-unique, of TLS 1.2 alone") {
    client.header = "p=tls-unique,,";
    client.binding = seen.tls_unique;
    CHECK(seen.tls_unique.empty() == is_tls13);
    if (!is_tls13) log_in(peer, "SCRAM-SHA-256-PLUS", client, 235);
  }
  SECTION("another connection's") {
    client.header = "p=tls-exporter,,";
    client.binding = "another";
    log_in(peer, "SCRAM-SHA-256-PLUS", client, 535);
    CHECK(
        f.logged("mechanism=SCRAM-SHA-256-PLUS reason=\"the channel binding is not this "
                 "connection's\""));
  }
  SECTION("none") { log_in(peer, "SCRAM-SHA-256", client, 235); }
}

TEST_CASE("smtpd connection: SCRAM with a password that is wrong, or right and expired",
          "[smtpd][auth]") {
  SecureWorld f;
  SecurePeer& peer = f.submitting();
  ScramClient wrong("alice@here.test", "hunter2");
  log_in(peer, "SCRAM-SHA-256", wrong, 535);
  ScramClient nobody("nobody@here.test", "secret");
  log_in(peer, "SCRAM-SHA-256", nobody, 535);
  ScramClient expired("alice@here.test", "old");
  const std::string challenge =
      peer.exchange("AUTH SCRAM-SHA-256 " + to_base64(expired.first()) + "\r\n", 334);
  peer.exchange(
      to_base64(expired.last(*from_base64(challenge.substr(4, challenge.size() - 6)))) + "\r\n",
      334);
  CHECK(peer.exchange("\r\n", 535) == "535 5.7.8 authentication credentials invalid\r\n");
  CHECK(f.logged("reason=\"the app password has expired\""));
  CHECK(f.world.counters.value(Counter::authentication_failures) == 3);
}

TEST_CASE("smtpd connection: a client that leaves while its password is verified has failed",
          "[smtpd][auth]") {
  SecureWorld f;
  f.world.credentials.silent = true;
  SecurePeer& peer = f.submitting();
  peer.stream.send(plain("alice@here.test", "secret"));
  peer.stream.flush();
  f.peer.reset();
  while (f.connection) f.world.loop.run();
  CHECK(f.world.credentials.asked == 1);
  CHECK(
      f.logged("event=authentication_failed user=alice@here.test client=203.0.113.9 "
               "mechanism=PLAIN reason=\"the client left before the answer\""));
  const auto counted = f.world.bans.list(std::chrono::hours{1}, f.world.clock.now()).value();
  REQUIRE(counted.size() == 1);
  CHECK(counted[0].kind == limits::BanKind::address);
}

TEST_CASE("smtpd connection: a client that leaves between two logins has not failed",
          "[smtpd][auth]") {
  SecureWorld f;
  SecurePeer& peer = f.submitting();
  ScramClient client("alice@here.test", "secret");
  SECTION("after the last was judged") { peer.exchange(plain("alice@here.test", "old"), 535); }
  SECTION("before it proved anything") {
    peer.exchange("AUTH SCRAM-SHA-256 " + to_base64(client.first()) + "\r\n", 334);
  }
  const auto failures = f.world.counters.value(Counter::authentication_failures);
  f.peer.reset();
  while (f.connection) f.world.loop.run();
  CHECK(f.world.counters.value(Counter::authentication_failures) == failures);
}

TEST_CASE("smtpd connection: a password in the clear is taken from the loopback where configured",
          "[smtpd][auth]") {
  struct Case {
    config::PlaintextAuth setting;
    const char* address;
    bool taken;
  };
  const auto c = GENERATE(values<Case>({{config::PlaintextAuth::loopback, "127.0.0.1", true},
                                        {config::PlaintextAuth::loopback, "::1", true},
                                        {config::PlaintextAuth::loopback, "203.0.113.9", false},
                                        {config::PlaintextAuth::never, "127.0.0.1", false}}));
  smtpd::testing::World world;
  world.settings.smtpd.plaintext_auth = c.setting;
  auto [ours, theirs] = smtpd::testing::socket_pair();
  smtpd::testing::Peer peer(world.loop, std::move(theirs));
  const auto connection = std::make_unique<Connection>(
      world.services(), world.listener(SmtpMode::submission), std::move(ours),
      net::SocketAddress{*net::IpAddress::parse(c.address), 40000}, [] {});
  peer.expect(220);
  const std::string offer = peer.exchange("EHLO client.test\r\n", 250);
  CHECK((offer.find("AUTH SCRAM-SHA-256 PLAIN LOGIN") != std::string::npos) == c.taken);
  peer.exchange(plain("alice@here.test", "secret"), c.taken ? 235 : 538);
  if (!c.taken) return;
  peer.exchange(kEnvelope, 354);
  peer.exchange("x: y\r\n.\r\n", 250);
  CHECK(world.envelopes()[0].protocol() == "ESMTPA");
}

}  // namespace smtpd_connection_login_test

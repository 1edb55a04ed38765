// A connection of smtpd under TLS, with a client that speaks it.
#include <catch2/catch.hpp>

#include "tests/unit/smtpd/secure_peer.h"

namespace smtpd_connection_tls_test {

using namespace postrider;
using namespace postrider::smtpd;
using config::SmtpMode;
using metrics::Counter;
using smtpd::testing::SecurePeer;
using smtpd::testing::SecureWorld;

namespace {

constexpr std::string_view kEnvelope =
    "EHLO client.test\r\nMAIL FROM:<a@far.test>\r\nRCPT TO:<alice@here.test>\r\nDATA\r\n";

}  // namespace

TEST_CASE("smtpd connection: mail that came under STARTTLS says so in its trace and in the log",
          "[smtpd]") {
  SecureWorld f;
  SecurePeer& peer = f.connect(SmtpMode::mx);
  peer.expect(220);
  CHECK(peer.exchange("EHLO evil.test\r\n", 250).find("250 STARTTLS\r\n") != std::string::npos);
  peer.exchange("STARTTLS\r\n", 220);
  peer.secure(f.client.session());
  peer.exchange("MAIL FROM:<a@far.test>\r\n", 503);  // what was said before is forgotten
  peer.exchange(kEnvelope, 354);
  peer.exchange("x\r\n.\r\n", 250);
  REQUIRE(f.world.envelopes().size() == 1);
  const spool::Envelope envelope = f.world.envelopes()[0];
  CHECK(envelope.protocol() == "ESMTPS");
  CHECK(envelope.client_name() == "client.test");
  CHECK(envelope.trace().find("with ESMTPS id " + envelope.id() +
                              "\r\n\tfor <alice@here.test>\r\n\ttls TLS_AES_128_GCM_SHA256 "
                              "(TLSv1.3);") != std::string::npos);
  CHECK(f.logged("protocol=ESMTPS tls=TLSv1.3 cipher=TLS_AES_128_GCM_SHA256"));
  CHECK(f.world.counters.value(Counter::smtp_tls_sessions) == 1);
  CHECK(f.world.counters.value(Counter::smtp_tls_failures) == 0);
}

TEST_CASE(
    "smtpd connection: a submissions listener greets after the handshake and, without a "
    "login, takes no mail",
    "[smtpd]") {
  SecureWorld f;
  SecurePeer& peer = f.connect(SmtpMode::submissions);
  peer.secure(f.client.session());
  peer.expect(220);
  peer.exchange("EHLO client.test\r\n", 250);
  CHECK(peer.exchange("MAIL FROM:<a@far.test>\r\n", 530) ==
        "530 5.7.0 authentication required\r\n");
  peer.exchange("QUIT\r\n", 221);
}

TEST_CASE("smtpd connection: a submission listener wants STARTTLS first", "[smtpd]") {
  SecureWorld f;
  SecurePeer& peer = f.connect(SmtpMode::submission);
  peer.expect(220);
  CHECK(peer.exchange("EHLO client.test\r\nMAIL FROM:<a@far.test>\r\n", 530)
            .ends_with("530 5.7.0 must issue a STARTTLS command first\r\n"));
}

TEST_CASE("smtpd connection: a handshake that fails is told of once, with its reason", "[smtpd]") {
  SecureWorld f;
  SecurePeer& peer = f.connect(SmtpMode::mx);
  SECTION("not TLS at all") {
    peer.expect(220);
    peer.exchange("STARTTLS\r\n", 220);
    peer.stream.send("EHLO client.test\r\n");
    peer.stream.flush();
    while (f.connection) f.world.loop.run();
    CHECK(f.logged(
        "event=handshake_failed client=203.0.113.9 reason=\"what the peer sends is no TLS\""));
  }
  SECTION("nothing in common") {
    peer.expect(220);
    peer.exchange("STARTTLS\r\n", 220);
    SSL_CTX_set_max_proto_version(f.client.context.get(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(f.client.context.get(), "AES128-SHA256");
    peer.stream.start_tls(f.client.session(), std::chrono::seconds{20});
    while (f.connection) f.world.loop.run();
    CHECK(f.logged("event=handshake_failed client=203.0.113.9 reason=\"no shared cipher\""));
  }
  CHECK(f.world.lines.find("handshake_failed") == f.world.lines.rfind("handshake_failed"));
  CHECK(f.world.counters.value(Counter::smtp_tls_failures) == 1);
  CHECK(f.world.counters.value(Counter::smtp_tls_sessions) == 0);
}

TEST_CASE("smtpd connection: a handshake may take as long as configured", "[smtpd]") {
  SecureWorld f;
  f.world.settings.tls.handshake_timeout = std::chrono::seconds{0};
  f.connect(SmtpMode::submissions);
  while (f.connection) f.world.loop.run();
  CHECK(
      f.logged("event=handshake_failed client=203.0.113.9 reason=\"the handshake took too long\""));
  CHECK(f.peer->heard.empty());
}

TEST_CASE("smtpd connection: a session that ends within a command or a message has no effect",
          "[smtpd]") {
  SecureWorld f;
  const bool says_so = GENERATE(true, false);
  const std::string_view last = GENERATE(as<std::string_view>{}, "half a message\r\n",
                                         "half a line", "line\r\n.\r", "line\r\n.");
  SecurePeer& peer = f.secured();
  peer.exchange(kEnvelope, 354);
  peer.stream.send(last);
  peer.stream.flush();
  if (!says_so) SSL_set_quiet_shutdown(f.client.raw, 1);
  f.peer.reset();
  while (f.connection) f.world.loop.run();
  CHECK(f.world.envelopes().empty());
  CHECK_FALSE(f.logged("handshake_failed"));
}

TEST_CASE("smtpd connection: what its sender requires is kept, whatever its header says",
          "[smtpd]") {
  SecureWorld f;
  SecurePeer& peer = f.secured();
  peer.exchange(
      "EHLO a\r\nMAIL FROM:<a@far.test> REQUIRETLS\r\nRCPT TO:<alice@here.test>\r\nDATA\r\n", 354);
  peer.exchange("TLS-Required: No\r\n\r\n.\r\n", 250);
  REQUIRE(f.world.envelopes().size() == 1);
  CHECK(f.world.envelopes()[0].tls() == spool::Envelope::TLS_REQUIRED);
}

}  // namespace smtpd_connection_tls_test

#include "smtpd/connection.h"

#include <catch2/catch.hpp>

#include "tests/unit/monotonic_clock.h"
#include "tests/unit/smtpd/connection_fixture.h"

namespace smtpd_connection_test {

using namespace postrider;
using namespace postrider::smtpd;
using metrics::Counter;
using smtpd::testing::Peer;
using Fixture = smtpd::testing::ConnectionFixture;

namespace {

constexpr std::string_view kEnvelope =
    "EHLO client.test\r\nMAIL FROM:<a@far.test> BODY=8BITMIME\r\nRCPT TO:<alice@here.test>\r\n";

}  // namespace

TEST_CASE("smtpd connection: a message is durable, with its envelope and trace, when 250 is said",
          "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect();
  peer.exchange(std::string(kEnvelope) + "DATA\r\n", 354);
  const std::string reply = peer.exchange("Subject: x\r\n\r\n..dot\r\n.\r\n", 250);

  const auto envelopes = f.world.envelopes();
  REQUIRE(envelopes.size() == 1);
  const spool::Envelope& envelope = envelopes[0];
  CHECK(reply == "250 2.0.0 accepted as " + envelope.id() + "\r\n");
  CHECK(envelope.sender() == "a@far.test");
  REQUIRE(envelope.recipients_size() == 1);
  CHECK(envelope.recipients(0).address() == "alice@here.test");
  CHECK(envelope.body() == spool::Envelope::EIGHT_BIT_MIME);
  CHECK(envelope.client_address() == "203.0.113.9");
  CHECK(envelope.client_name() == "client.test");
  CHECK(envelope.protocol() == "ESMTP");
  CHECK(envelope.trace() ==
        "Received: from client.test ([203.0.113.9])\r\n\tby mx.test with ESMTP id " +
            envelope.id() +
            "\r\n\tfor <alice@here.test>;\r\n\tFri, 15 Jan 2027 08:00:00 +0000\r\n");
  CHECK(f.world.lines.find("event=accepted id=" + envelope.id() +
                           " from=a@far.test recipients=1 size=20 client=203.0.113.9 "
                           "helo=client.test protocol=ESMTP") != std::string::npos);
  CHECK(f.world.counters.value(Counter::smtp_messages_accepted) == 1);
}

TEST_CASE("smtpd connection: what the sender wants to be told is kept with the message",
          "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect("192.0.2.7");
  peer.exchange(
      "EHLO client.test\r\nMAIL FROM:<a@far.test> RET=HDRS ENVID=q+2B1\r\n"
      "RCPT TO:<alice@here.test> NOTIFY=SUCCESS ORCPT=rfc822;A+2Bb@old.test\r\n"
      "RCPT TO:<staff@here.test>\r\nDATA\r\n",
      354);
  peer.exchange(".\r\n", 250);
  const auto envelopes = f.world.envelopes();
  REQUIRE(envelopes.size() == 1);
  CHECK(envelopes[0].ret() == "HDRS");
  CHECK(envelopes[0].envid() == "q+1");
  REQUIRE(envelopes[0].recipients_size() == 2);
  CHECK(envelopes[0].recipients(0).notify() == "SUCCESS");
  CHECK(envelopes[0].recipients(0).orcpt() == "rfc822;A+2Bb@old.test");
  CHECK(envelopes[0].recipients(1).notify().empty());
}

TEST_CASE("smtpd connection: a message beyond ASCII says so in envelope and trace", "[smtpd]") {
  const auto [header, beyond] = GENERATE(table<std::string, bool>({
      {"Subject: x\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n", false},
      {"Subject: gr\xc3\xbc\xc3\x9f\r\n\r\n", true},
  }));
  Fixture f;
  Peer& peer = f.connect();
  peer.exchange(
      "EHLO client.test\r\nMAIL FROM:<j\xc3\xb6rg@b\xc3\xbc.test> SMTPUTF8 BODY=8BITMIME\r\n"
      "RCPT TO:<alice@here.test>\r\nDATA\r\n",
      354);
  peer.exchange(header + ".\r\n", 250);
  const auto envelopes = f.world.envelopes();
  REQUIRE(envelopes.size() == 1);
  CHECK(envelopes[0].sender() == "j\xc3\xb6rg@xn--b-eha.test");
  CHECK(envelopes[0].smtputf8() == beyond);
  CHECK(envelopes[0].protocol() == "UTF8SMTP");
  CHECK(envelopes[0].trace().find("\r\n\tby mx.test with UTF8SMTP id ") != std::string::npos);
}

TEST_CASE("smtpd connection: the priority that was granted is kept", "[smtpd]") {
  const auto [client, granted] =
      GENERATE(table<const char*, int>({{"192.0.2.7", 5}, {"203.0.113.9", 0}}));
  Fixture f;
  Peer& peer = f.connect(client);
  peer.exchange("EHLO a\r\nMAIL FROM:<a@far.test> MT-PRIORITY=5\r\n", 250);
  peer.exchange("RCPT TO:<alice@here.test>\r\nBDAT 0 LAST\r\n", 250);
  REQUIRE(f.world.envelopes().size() == 1);
  CHECK(f.world.envelopes()[0].priority() == granted);
}

TEST_CASE("smtpd connection: everything in one packet is answered in order, then closed",
          "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect();
  peer.send(std::string(kEnvelope) + "RCPT TO:<nobody@here.test>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n");
  const std::string heard = peer.expect_close();
  CHECK(heard.find("250 2.1.5 recipient ok\r\n550 5.1.1 no such user\r\n354 ") !=
        std::string::npos);
  CHECK(heard.ends_with("221 2.0.0 mx.test closing\r\n"));
  CHECK(f.world.envelopes().size() == 1);
  CHECK(f.world.counters.value(Counter::smtp_recipients_refused) == 1);
  CHECK(f.world.lines.find("event=recipient_refused from=a@far.test to=nobody@here.test") !=
        std::string::npos);
}

TEST_CASE("smtpd connection: a message in chunks is kept octet for octet", "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect();
  peer.exchange(std::string(kEnvelope) + "BDAT 7\r\nA: b\r\n\r", 250);
  CHECK(f.world.envelopes().empty());
  peer.exchange("BDAT 5 LAST\r\n\n.\r\nx", 250);
  REQUIRE(f.world.envelopes().size() == 1);
  CHECK(f.world.lines.find(" size=12 ") != std::string::npos);
}

TEST_CASE("smtpd connection: a message that its client gives up between chunks is accounted for",
          "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect();
  peer.exchange(std::string(kEnvelope) + "BDAT 3\r\nx\r\n", 250);
  peer.exchange("RSET\r\n", 250);
  CHECK(f.world.envelopes().empty());
  CHECK(f.world.lines.find("from=a@far.test recipients=1") != std::string::npos);
  CHECK(f.world.lines.find("reply=\"250 2.0.0 given up by the client\"") != std::string::npos);
  peer.exchange("MAIL FROM:<a@far.test>\r\nRCPT TO:<alice@here.test>\r\nBDAT 0 LAST\r\n", 250);
  CHECK(f.world.envelopes().size() == 1);
}

TEST_CASE("smtpd connection: a directory that cannot answer refuses for now", "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect();
  f.world.directory.away = true;
  CHECK(peer.exchange(kEnvelope, 451)
            .ends_with("451 4.3.0 cannot look up the recipient now, try again\r\n"));
  f.world.directory.away = false;
  peer.exchange("RCPT TO:<alice@here.test>\r\n", 250);
}

TEST_CASE("smtpd connection: only relay.networks may send elsewhere", "[smtpd]") {
  Fixture f;
  const auto [client, code] =
      GENERATE(table<const char*, int>({{"192.0.2.7", 250}, {"203.0.113.9", 550}}));
  Peer& peer = f.connect(client);
  peer.exchange("EHLO a\r\nMAIL FROM:<a@far.test>\r\nRCPT TO:<b@far.test>\r\n", code);
}

TEST_CASE("smtpd connection: a domain of ours that a route names gets mail from everyone",
          "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect("203.0.113.9");
  peer.exchange("EHLO a\r\nMAIL FROM:<a@far.test>\r\nRCPT TO:<nobody@gateway.test>\r\n", 250);
  peer.exchange("RCPT TO:<nobody@here.test>\r\n", 550);  // the route "*" is not for domains of ours
  peer.exchange("RCPT TO:<b@far.test>\r\n", 550);
}

TEST_CASE(
    "smtpd connection: a spool that is full is 452, one that fails to commit 451, and the "
    "session goes on",
    "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect();
  peer.exchange(kEnvelope, 250);
  SECTION("the folder is gone at DATA") {
    std::filesystem::remove_all(f.world.paths.incoming());
    CHECK(peer.exchange("DATA\r\n", 452) == "452 4.3.1 insufficient system storage\r\n");
    peer.exchange("NOOP\r\n", 250);
  }
  SECTION("the folder is gone at commit") {
    peer.exchange("DATA\r\n", 354);
    std::filesystem::remove_all(f.world.paths.incoming());
    CHECK(peer.exchange("x\r\n.\r\n", 451) ==
          "451 4.3.0 the message could not be stored, try again\r\n");
    CHECK(f.world.lines.find("event=message_refused id=") != std::string::npos);
    peer.exchange("NOOP\r\n", 250);
  }
  SECTION("the folder is gone when a large message needs its file") {
    peer.exchange("DATA\r\n", 354);
    std::filesystem::remove_all(f.world.paths.incoming());
    for (int i = 0; i < 300; ++i) {
      peer.send(std::string(998, 'x') + "\r\n");
      peer.drain();
    }
    CHECK(peer.exchange(".\r\n", 452) == "452 4.3.1 insufficient system storage\r\n");
  }
}

TEST_CASE("smtpd connection: a loop and an overlong header are refused at the end", "[smtpd]") {
  Fixture f;
  f.world.settings.smtpd.received_limit = 3;
  f.world.settings.smtpd.header_limit = 100;
  Peer& peer = f.connect();
  peer.exchange(std::string(kEnvelope) + "DATA\r\n", 354);
  SECTION("Received") {
    peer.exchange("Received: a\r\nreceived: b\r\nRECEIVED: c\r\n.\r\n", 554);
    CHECK(f.world.lines.find("reply=\"554 5.4.6 mail loop: 3 Received fields or more\"") !=
          std::string::npos);
  }
  SECTION("length") { peer.exchange("A: " + std::string(100, 'x') + "\r\n\r\nbody\r\n.\r\n", 552); }
  CHECK(f.world.envelopes().empty());
  CHECK(f.world.counters.value(Counter::smtp_messages_refused) == 1);
  peer.exchange("NOOP\r\n", 250);
}

TEST_CASE("smtpd connection: a client that leaves takes its unfinished message along", "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect();
  f.stop_when_done = true;
  peer.exchange(std::string(kEnvelope) + "DATA\r\n", 354);
  peer.send("half a message\r\n");
  peer.hang_up();
  f.world.loop.run();
  CHECK(f.done == 1);
  CHECK(f.world.envelopes().empty());
}

TEST_CASE("smtpd connection: a message that was whole is accounted for though its client left",
          "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect();
  f.stop_when_done = true;
  peer.exchange(std::string(kEnvelope) + "DATA\r\n", 354);
  peer.send("x\r\n.\r\n");
  peer.hang_up();
  f.world.loop.run();
  CHECK(f.done == 1);
  CHECK(f.world.envelopes().size() == 1);
  CHECK(f.world.lines.find("event=accepted") != std::string::npos);
}

TEST_CASE("smtpd connection: a client that is silent is told so", "[smtpd]") {
  Fixture f;
  f.world.settings.smtpd.command_timeout = std::chrono::seconds{0};
  f.world.settings.smtpd.data_timeout = std::chrono::seconds{180};
  Peer& peer = f.connect();
  peer.exchange(std::string(kEnvelope) + "DATA\r\n", 354);
  postrider::test::pass_time(std::chrono::seconds{180});
  CHECK(peer.expect_close() == "421 4.4.2 mx.test timed out waiting for input, closing\r\n");
  CHECK(f.world.lines.find("event=message_refused") != std::string::npos);
}

TEST_CASE("smtpd connection: a client that reads no replies is not read from", "[smtpd]") {
  Fixture f;
  f.world.settings.smtpd.command_limit = 1'000'000;
  Peer& peer = f.connect();
  peer.stop_reading();
  std::size_t sent = 0;
  const std::string commands = [] {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "HELP\r\n";
    return text;
  }();
  // Until neither side takes any more.
  for (int idle = 0; idle < 3;) {
    const std::size_t taken = peer.try_send(commands);
    sent += taken;
    idle = taken == 0 ? idle + 1 : 0;
    peer.drain();
  }
  CHECK(sent < 4'000'000);
}

TEST_CASE(
    "smtpd connection: a client that reads no replies has few made for it, and all if it does",
    "[smtpd][slow]") {
  Fixture f;
  f.world.settings.smtpd.command_limit = 1'000'000;
  Peer& peer = f.connect();
  const bool reads = GENERATE(false, true);
  if (!reads) peer.stop_reading();
  std::string packet;
  while (packet.size() < 65'000) packet += "EHLO a\r\n";
  peer.send(packet + "QUIT\r\n");
  if (!reads) {
    peer.drain(), peer.drain();
    f.connection->shut_down();  // before the command that would be next
    peer.resume_reading();
  }
  const std::string heard = peer.expect_close();
  CHECK(heard.find(reads ? "221 2.0.0 " : "421 4.3.2 ") != std::string::npos);
  // Beside those that the kernel holds.
  constexpr std::size_t kBuffer = 400'000;
  CHECK((heard.size() > 1'000'000) == reads);
  if (!reads) CHECK(heard.size() < kBuffer + Connection::kMaxUnsent);
}

TEST_CASE("smtpd connection: a shutdown says 421 between commands", "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect();
  f.connection->shut_down();
  CHECK(peer.expect_close() == "421 4.3.2 mx.test is shutting down, try again\r\n");
}

TEST_CASE("smtpd connection: by LMTP each recipient is told that the message is durable",
          "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect("0.0.0.0", config::SmtpMode::lmtp);
  peer.exchange("LHLO client.test\r\nMAIL FROM:<a@far.test>\r\nRCPT TO:<x@far.test>\r\n", 550);
  peer.exchange("RCPT TO:<alice@here.test>\r\nRCPT TO:<staff@here.test>\r\nDATA\r\n", 354);
  const std::string replies = peer.exchange(".\r\n", 250);
  REQUIRE(f.world.envelopes().size() == 1);
  const spool::Envelope envelope = f.world.envelopes()[0];
  const std::string accepted = "250 2.0.0 accepted as " + envelope.id() + "\r\n";
  CHECK(replies == accepted + accepted);
  CHECK(envelope.protocol() == "LMTP");
  CHECK(envelope.client_address() == "unknown");
  CHECK(envelope.trace().find("from client.test (unknown)\r\n\tby mx.test with LMTP id ") !=
        std::string::npos);
}

TEST_CASE("smtpd connection: that TLS is not required is kept with the message", "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect();
  peer.exchange(std::string(kEnvelope) + "DATA\r\n", 354);
  peer.exchange("TLS-Required: No\r\n\r\n.\r\n", 250);
  REQUIRE(f.world.envelopes().size() == 1);
  CHECK(f.world.envelopes()[0].tls() == spool::Envelope::TLS_NOT_REQUIRED);
}

TEST_CASE("smtpd connection: a user may have a message held", "[smtpd]") {
  const auto [parameter, seconds, request] =
      GENERATE(table<std::string, std::int64_t, std::string>({
          {"HOLDFOR=60", 1'800'000'060, "for;60"},
          {"HOLDUNTIL=2027-01-15T09:00:00+00:30", 1'800'001'800, "until;2027-01-15T08:30:00Z"},
          {"HOLDUNTIL=2027-01-15T07:59:59Z", 0, ""},
      }));
  Fixture f;
  f.world.services().xclient_networks = net::parse_networks({"192.0.2.7"});
  Peer& peer = f.connect("192.0.2.7", config::SmtpMode::submission);
  peer.exchange("XCLIENT LOGIN=anna\r\n", 220);
  CHECK(
      peer.exchange("EHLO a\r\n", 250).find("250-FUTURERELEASE 604800 2027-01-22T08:00:00Z\r\n") !=
      std::string::npos);
  peer.exchange("MAIL FROM:<a@far.test> " + parameter + "\r\nRCPT TO:<x@far.test>\r\nDATA\r\n",
                354);
  peer.exchange(".\r\n", 250);
  REQUIRE(f.world.envelopes().size() == 1);
  CHECK(f.world.envelopes()[0].release_us() == seconds * 1'000'000);
  CHECK(f.world.envelopes()[0].release_request() == request);
}

TEST_CASE("smtpd connection: other servers, and users where it is off, may not", "[smtpd]") {
  const auto mode = GENERATE(config::SmtpMode::mx, config::SmtpMode::submission);
  Fixture f;
  if (mode == config::SmtpMode::submission)
    f.world.settings.smtpd.future_release_max = std::chrono::seconds{0};
  f.world.services().xclient_networks = net::parse_networks({"192.0.2.7"});
  Peer& peer = f.connect("192.0.2.7", mode);
  peer.exchange("XCLIENT LOGIN=anna\r\n", 220);
  CHECK(peer.exchange("EHLO a\r\n", 250).find("FUTURERELEASE") == std::string::npos);
  peer.exchange("MAIL FROM:<a@far.test> HOLDFOR=60\r\n", 555);
}

TEST_CASE("smtpd connection: the reply to an error is held back, and what follows it waits",
          "[smtpd]") {
  Fixture f;
  f.world.settings.smtpd.error_limit = 1;
  f.world.settings.smtpd.error_delay = std::chrono::seconds{1};
  Peer& peer = f.connect();
  CHECK(peer.exchange("FOO\r\n", 500) == "500 5.5.2 command not recognized\r\n");
  f.world.clock.advance(std::chrono::hours{4});  // the first has faded to 0.018: 18 ms
  peer.send("BAR\r\nEHLO a.test\r\n");
  peer.drain();
  CHECK(peer.heard().empty());
  Fixture other;  // reads into the same buffer
  other.connect().exchange("NOOPNOOPNOOPNOOP\r\n", 500);
  CHECK(peer.expect(250).starts_with("500 5.5.2 command not recognized\r\n250-mx.test\r\n"));
}

TEST_CASE("smtpd connection: of errors in one packet each is held back before the next command",
          "[smtpd]") {
  const std::string guess = "RCPT TO:<nobody@here.test>\r\n";
  const auto [errors, refused] = GENERATE_COPY(table<std::string, std::uint64_t>({
      {guess + guess + guess, 1},
      {"FOO\r\n" + guess + guess, 0},
  }));
  Fixture f;
  f.world.settings.smtpd.error_limit = 0;
  Peer& peer = f.connect();
  peer.exchange("EHLO a\r\nMAIL FROM:<a@far.test>\r\n", 250);
  peer.send(errors);
  for (int i = 0; i < 10; ++i) peer.drain();
  CHECK(peer.heard().empty());
  CHECK(f.world.counters.value(Counter::smtp_recipients_refused) == refused);
}

}  // namespace smtpd_connection_test

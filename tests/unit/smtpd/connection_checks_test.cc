// What a Connection makes of the verdicts of the checks.
#include <catch2/catch.hpp>

#include "smtpd/connection.h"
#include "tests/unit/smtpd/world.h"

namespace smtpd_connection_checks_test {

using namespace postrider;
using namespace postrider::smtpd;
using config::CheckAction;
using metrics::Counter;
using smtpd::testing::Peer;
using smtpd::testing::World;

namespace {

struct Fixture {
  // A stranger, unless `address` is in relay.networks; `early`: what it sends before the greeting.
  Peer& connect(std::string_view early = {}, const char* address = "203.0.113.9") {
    auto [ours, theirs] = smtpd::testing::socket_pair();
    peer = std::make_unique<Peer>(world.loop, std::move(theirs));
    if (!early.empty()) peer->send(early);
    connection =
        std::make_unique<Connection>(world.services(), world.listener(), std::move(ours),
                                     net::SocketAddress{*net::IpAddress::parse(address), 40000},
                                     [this] { world.loop.destroy_later(std::move(connection)); });
    return *peer;
  }
  bool logged(const std::string& text) {
    world.log.flush();
    return world.lines.find(text) != std::string::npos;
  }

  World world;
  config::Settings::Checks& checks = world.settings.checks;
  std::unique_ptr<Peer> peer;
  std::unique_ptr<Connection> connection;
};

constexpr std::string_view kMail = "MAIL FROM:<a@far.test>\r\n";
constexpr std::string_view kRcpt = "RCPT TO:<alice@here.test>\r\n";

}  // namespace

TEST_CASE("smtpd checks: what speaks against a client is told at RCPT, and logged with its check",
          "[smtpd]") {
  Fixture f;
  f.checks.helo_own_name = CheckAction::refuse;
  Peer& peer = f.connect();
  peer.expect(220);
  peer.exchange("EHLO mx.test\r\n", 250);
  peer.exchange(kMail, 250);
  CHECK(peer.exchange(kRcpt, 550) == "550 5.7.1 you are not mx.test\r\n");
  CHECK(
      f.logged("event=recipient_refused from=a@far.test to=alice@here.test client=203.0.113.9 "
               "helo=mx.test check=helo_own_name reply=\"550 5.7.1 you are not mx.test\""));
  CHECK(f.world.counters.value(Counter::smtp_recipients_refused) == 1);
  // Another name, another judgement.
  peer.exchange("EHLO out.far.test\r\n", 250);
  peer.exchange(kMail, 250);
  peer.exchange(kRcpt, 250);
}

TEST_CASE("smtpd checks: the tags of a message travel with it and stand in the log", "[smtpd]") {
  Fixture f;
  f.checks.reverse_dns = f.checks.helo_name = f.checks.header_missing = CheckAction::tag;
  Peer& peer = f.connect();
  peer.expect(220);
  peer.exchange("EHLO far\r\n", 250);
  peer.exchange(std::string(kMail) + std::string(kRcpt) + std::string(kRcpt) + "DATA\r\n", 354);
  peer.exchange("Subject: x\r\n\r\n.\r\n", 250);
  const auto envelopes = f.world.envelopes();
  REQUIRE(envelopes.size() == 1);
  REQUIRE(envelopes[0].verdicts_size() == 3);
  CHECK(envelopes[0].verdicts(0).check() == "reverse_dns");
  CHECK(envelopes[0].verdicts(0).action() == "tag");
  CHECK(envelopes[0].verdicts(0).reason() == "203.0.113.9 has no name in DNS");
  CHECK(envelopes[0].verdicts(1).reason() == "far is not a fully-qualified name");
  CHECK(f.logged("protocol=ESMTP checks=reverse_dns,helo_name,header_missing "));

  peer.exchange("EHLO far.test\r\n", 250);
  peer.exchange(std::string(kMail) + std::string(kRcpt) + "DATA\r\n", 354);
  peer.exchange("From: x\r\nDate: y\r\n\r\n.\r\n", 250);
  CHECK(f.world.envelopes()[1].verdicts_size() == 1);
  CHECK(f.world.counters.value(Counter::smtp_messages_tagged) == 2);
}

TEST_CASE("smtpd checks: who speaks before the greeting is found, with a delay and without",
          "[smtpd]") {
  Fixture f;
  f.checks.early_talker = CheckAction::refuse;
  f.checks.greeting_delay = std::chrono::milliseconds{GENERATE(0, 1)};
  Peer& peer = f.connect("EHLO far.test\r\n");
  peer.expect(250);
  peer.exchange(kMail, 250);
  CHECK(peer.exchange(kRcpt, 550) == "550 5.5.1 you spoke before the greeting\r\n");
}

TEST_CASE("smtpd checks: who waits for the greeting gets it after the delay", "[smtpd]") {
  Fixture f;
  f.checks.early_talker = CheckAction::refuse;
  f.checks.greeting_delay = std::chrono::milliseconds{1};
  Peer& peer = f.connect();
  peer.expect(220);
  peer.exchange("EHLO far.test\r\n", 250);
  peer.exchange(std::string(kMail) + std::string(kRcpt), 250);
}

TEST_CASE("smtpd checks: who may relay is greeted at once", "[smtpd]") {
  Fixture f;
  f.checks.early_talker = CheckAction::refuse;
  f.checks.greeting_delay = std::chrono::hours{1};
  Peer& peer = f.connect("EHLO far.test\r\n", "192.0.2.7");
  peer.expect(250);
  peer.exchange(std::string(kMail) + std::string(kRcpt), 250);
}

TEST_CASE("smtpd checks: a client that leaves before its greeting leaves nothing behind",
          "[smtpd]") {
  Fixture f;
  f.checks.greeting_delay = std::chrono::milliseconds{1};
  Peer& peer = f.connect();
  peer.hang_up();
  while (f.connection) event_base_loop(f.world.loop.raw(), EVLOOP_ONCE);
  CHECK_FALSE(f.connection);
}

TEST_CASE("smtpd checks: a client that did not wait is refused at DATA", "[smtpd]") {
  Fixture f;
  f.checks.pipelining = CheckAction::refuse;
  Peer& peer = f.connect();
  peer.expect(220);
  SECTION("before EHLO was answered") {
    peer.exchange("EHLO far.test\r\n" + std::string(kMail) + std::string(kRcpt), 250);
    CHECK(peer.exchange("DATA\r\n", 550) ==
          "550 5.5.1 you did not wait for a reply that you had to wait for\r\n");
    peer.exchange("NOOP\r\n", 250);
  }
  SECTION("behind DATA") {
    peer.exchange("EHLO far.test\r\n", 250);
    peer.send(std::string(kMail) + std::string(kRcpt) + "DATA\r\n" + std::string(kMail) + ".\r\n");
    CHECK(peer.expect_close().find("\r\n550 5.5.1 you did not wait") != std::string::npos);
  }
  SECTION("in chunks") {
    peer.exchange("EHLO far.test\r\n" + std::string(kMail) + std::string(kRcpt), 250);
    peer.exchange("BDAT 3\r\nx\r\n", 550);
    peer.exchange("BDAT 3 LAST\r\ny\r\n", 550);
  }
  CHECK(f.world.envelopes().empty());
  CHECK(f.logged("check=pipelining reply=\"550 5.5.1 you did not wait"));
}

TEST_CASE("smtpd checks: a header that a check refuses is refused at the end, by its name",
          "[smtpd]") {
  Fixture f;
  f.checks.header_repeated = GENERATE(CheckAction::refuse, CheckAction::defer);
  const bool refuses = f.checks.header_repeated == CheckAction::refuse;
  Peer& peer = f.connect();
  peer.expect(220);
  peer.exchange("EHLO far.test\r\n" + std::string(kMail) + std::string(kRcpt) + "DATA\r\n", 354);
  peer.exchange("From: a\r\nFrom: b\r\n\r\nbody\r\n.\r\n", refuses ? 550 : 450);
  CHECK(f.world.envelopes().empty());
  CHECK(f.logged("helo=far.test check=header_repeated reply=\""));
  peer.exchange(std::string(kMail) + std::string(kRcpt) + "DATA\r\n", 354);
  peer.exchange("From: a\r\n\r\n.\r\n", 250);
}

TEST_CASE("smtpd checks: RCPT waits for DNS for as long as is configured", "[smtpd]") {
  Fixture f;
  f.checks.sender_domain = CheckAction::refuse;
  f.checks.dns_timeout = std::chrono::seconds{0};
  f.world.resolver.silent = true;
  Peer& peer = f.connect();
  peer.expect(220);
  peer.exchange("EHLO far.test\r\n", 250);
  peer.exchange(kMail, 250);
  CHECK(peer.exchange(kRcpt, 450).starts_with("450 4.4.3 the sender's domain far.test cannot"));
  f.world.resolver.silent = false;
  f.world.resolver.mx["far.test"] = {net::DnsStatus::found, {{10, "mx.far.test"}}, ""};
  peer.exchange("RSET\r\n", 250);
  peer.exchange(std::string(kMail) + std::string(kRcpt), 250);
}

TEST_CASE("smtpd checks: what MAIL declares as larger than the mailbox may be is refused at RCPT",
          "[smtpd]") {
  Fixture f;
  f.world.directory.quota = 5000;
  Peer& peer = f.connect();
  peer.expect(220);
  peer.exchange("EHLO out.far.test\r\n", 250);
  peer.exchange("MAIL FROM:<a@far.test> SIZE=5001\r\n", 250);
  CHECK(peer.exchange(kRcpt, 552).starts_with("552 5.2.3 "));
  peer.exchange("RSET\r\nMAIL FROM:<a@far.test> SIZE=5000\r\n", 250);
  peer.exchange(kRcpt, 250);
  peer.exchange("RSET\r\nMAIL FROM:<a@far.test>\r\n", 250);
  peer.exchange(kRcpt, 250);
}

TEST_CASE(
    "smtpd checks: a message that no mailbox of its recipients may hold is refused at its end",
    "[smtpd]") {
  Fixture f;
  f.world.directory.quota = 100;
  Peer& peer = f.connect();
  peer.expect(220);
  peer.exchange("EHLO far.test\r\n", 250);
  const auto [octets, others, code] = GENERATE(table<std::size_t, std::string, int>({
      {101, "", 552},
      {100, "", 250},
      {101, "RCPT TO:<staff@here.test>\r\n", 250},  // an alias, which leads anywhere
  }));
  const std::string head = "From: a\r\nDate: b\r\n\r\n";
  peer.exchange(std::string(kMail) + std::string(kRcpt) + others + "DATA\r\n", 354);
  const std::string reply =
      peer.exchange(head + std::string(octets - head.size() - 2, 'x') + "\r\n.\r\n", code);
  if (code == 552)
    CHECK(reply.starts_with("552 5.2.3 the message is larger than the mailbox of any"));
  CHECK(f.world.envelopes().size() == (code == 250 ? 1U : 0U));
}

}  // namespace smtpd_connection_checks_test

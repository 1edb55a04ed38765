// Mail that begins its way here: of users who have logged in, and of programs of this host.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/base/base64.h"
#include "tests/unit/smtpd/secure_peer.h"

namespace smtpd_connection_submission_test {

using namespace postrider;
using namespace postrider::smtpd;
using config::CheckAction;
using config::SmtpMode;
using smtpd::testing::Peer;
using smtpd::testing::SecurePeer;
using smtpd::testing::SecureWorld;
using smtpd::testing::World;

namespace {

const std::string kLogin =
    "AUTH PLAIN " + to_base64(std::string_view("\0alice@here.test\0secret", 23)) + "\r\n";

// Alice has logged in.
struct UserFixture : SecureWorld {
  UserFixture() {
    world.settings.checks.sender_right = CheckAction::refuse;
    world.settings.checks.author_right = CheckAction::refuse;
  }
  SecurePeer& log_in() {
    SecurePeer& connected = submitting();
    connected.exchange(kLogin, 235);
    return connected;
  }
};

struct LocalFixture {
  Peer& connect() {
    auto [ours, theirs] = smtpd::testing::socket_pair();
    peer = std::make_unique<Peer>(world.loop, std::move(theirs));
    connection = std::make_unique<Connection>(
        world.services(), world.listener(SmtpMode::local), std::move(ours), net::SocketAddress{},
        [this] { world.loop.destroy_later(std::move(connection)); });
    peer->expect(220);
    return *peer;
  }
  // Submits `content` to somebody elsewhere; the envelope that the spool has of it.
  spool::Envelope submit(std::string_view from, std::string_view content) {
    Peer& client = connect();
    client.exchange("EHLO localhost\r\nMAIL FROM:<" + std::string(from) +
                        ">\r\nRCPT TO:<friend@far.test>\r\nDATA\r\n",
                    354);
    client.exchange(std::string(content) + ".\r\n", 250);
    return world.envelopes().back();
  }

  World world;
  std::unique_ptr<Peer> peer;
  std::unique_ptr<Connection> connection;
};

constexpr std::string_view kAliceToFriend =
    "MAIL FROM:<alice@here.test>\r\nRCPT TO:<friend@far.test>\r\nDATA\r\n";
constexpr std::string_view kWhole =
    "From: alice@here.test\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\nMessage-ID: "
    "<1@here.test>\r\n";
const std::string kUid = std::to_string(::getuid());

}  // namespace

TEST_CASE("smtpd submission: a user sends as an address of the user's own", "[smtpd]") {
  UserFixture f;
  f.world.directory.send_rights.insert({"alice@here.test", "sales@here.test"});
  SecurePeer& peer = f.log_in();
  peer.exchange(kAliceToFriend, 354);
  peer.exchange("From: Alice <alice@here.test>\r\n\r\nx\r\n.\r\n", 250);
  peer.exchange("MAIL FROM:<sales@here.test>\r\nRCPT TO:<friend@far.test>\r\nDATA\r\n", 354);
  peer.exchange("From: sales@here.test, alice@here.test\r\n\r\nx\r\n.\r\n", 250);
  peer.exchange("MAIL FROM:<>\r\nRCPT TO:<friend@far.test>\r\nDATA\r\n", 354);
  peer.exchange("From: alice@here.test\r\n\r\nx\r\n.\r\n", 250);
  CHECK(f.world.envelopes().size() == 3);
}

TEST_CASE("smtpd submission: nobody sends as somebody else, in envelope or header", "[smtpd]") {
  UserFixture f;
  SecurePeer& peer = f.log_in();
  peer.exchange("MAIL FROM:<bob@here.test>\r\n", 250);
  CHECK(peer.exchange("RCPT TO:<friend@far.test>\r\n", 553) ==
        "553 5.7.1 alice@here.test may not send as bob@here.test\r\n");
  CHECK(f.logged("check=sender_right"));
  peer.exchange("RSET\r\n", 250);
  const std::string header = GENERATE_COPY(values<std::string>(
      {"From: bob@here.test\r\n", "From: alice@here.test\r\nFROM : bob@here.test\r\n",
       "From: alice@here.test\r\nSender: bob@here.test\r\n", "Sender: bob@here.test\r\n",
       "From: \"alice@here.test\" <bob@here.test>\r\n", "From: alice@here.test,\r\n bob@far\r\n",
       "Resent-From: alice@here.test\r\nFrom: bob@here.test\r\n", "From: undisclosed:;\r\n",
       "From: bob:;\r\nSender: alice@here.test\r\n", "From: bob@here.test <alice@here.test>\r\n",
       "From: alice@here.test" + std::string(8200, ' ') + "<bob@here.test>\r\n"}));
  peer.exchange(kAliceToFriend, 354);
  peer.exchange(header + "\r\nFrom: alice@here.test\r\n.\r\n", 550);
  CHECK(f.logged("check=author_right"));
  CHECK(f.world.envelopes().empty());
}

TEST_CASE("smtpd submission: what a message lacks is added, and nothing else", "[smtpd]") {
  UserFixture f;
  SecurePeer& peer = f.log_in();
  peer.exchange(kAliceToFriend, 354);
  peer.exchange("Subject: x\r\n\r\nx\r\n.\r\n", 250);
  peer.exchange(kAliceToFriend, 354);
  peer.exchange(std::string(kWhole) + "\r\nx\r\n.\r\n", 250);
  const auto envelopes = f.world.envelopes();
  REQUIRE(envelopes.size() == 2);
  CHECK(envelopes[0].trace().find("\r\nDate: ") != std::string::npos);
  CHECK(envelopes[0].trace().ends_with("\r\nMessage-ID: <" + envelopes[0].id() +
                                       "@mx.test>\r\nFrom: <alice@here.test>\r\n"));
  CHECK(envelopes[0].trace().starts_with("Received: from client.test ([203.0.113.9])\r\n"));
  for (const char* const field : {"Date:", "Message-ID:", "From:"})
    CHECK(envelopes[1].trace().find(field) == std::string::npos);
}

TEST_CASE("smtpd submission: strangers' mail is taken as it is", "[smtpd]") {
  SecureWorld f;
  f.world.settings.smtpd.hide_clients = "on";
  SecurePeer& peer = f.connect(SmtpMode::mx);
  peer.expect(220);
  peer.exchange("EHLO a.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<alice@here.test>\r\nDATA\r\n",
                354);
  peer.exchange("Bcc: alice@here.test\r\n\r\nx\r\n.\r\n", 250);
  const auto envelopes = f.world.envelopes();
  REQUIRE(envelopes.size() == 1);
  CHECK(envelopes[0].trace().starts_with("Received: from a.test ([203.0.113.9])\r\n"));
  CHECK(envelopes[0].trace().find("Message-ID") == std::string::npos);
  CHECK(f.world.contents().back() == "Bcc: alice@here.test\r\n\r\nx\r\n");
}

TEST_CASE("smtpd submission: Bcc stays here", "[smtpd]") {
  LocalFixture f;
  f.submit("a@here.test",
           std::string(kWhole) + "bcc: b@c.test,\r\n d@e.test\r\nTo: f@g.test\r\n\r\nBcc: x\r\n");
  CHECK(f.world.contents().back() == std::string(kWhole) + "To: f@g.test\r\n\r\nBcc: x\r\n");
}

TEST_CASE("smtpd submission: a line that could go on with a field that is added is refused",
          "[smtpd]") {
  const auto* const content =
      GENERATE(" <bob@here.test>\r\nSubject: x\r\n\r\n", "\t, bob@here.test\r\n\r\n",
               " Bcc: b@c.test\r\n", "From\v: bob@here.test\r\n\r\n",
               "\xef\xbb\xbf"
               "From: bob@here.test\r\n\r\n",
               "Bcc\v: b@c.test\r\n\r\n", "Subject: x\r\nBcc");
  LocalFixture f;
  Peer& peer = f.connect();
  const std::string octets = content;
  peer.exchange("EHLO a\r\nMAIL FROM:<a@here.test>\r\nRCPT TO:<b@far.test>\r\nBDAT " +
                    std::to_string(octets.size()) + " LAST\r\n" + octets,
                550);
  f.world.log.flush();
  CHECK(f.world.lines.find("check=submitted_header") != std::string::npos);
  CHECK(f.world.envelopes().empty());
}

TEST_CASE("smtpd submission: of those in Bcc nothing is kept", "[smtpd]") {
  LocalFixture f;
  Peer& peer = f.connect();
  peer.exchange("EHLO a\r\nMAIL FROM:<a@here.test> SMTPUTF8\r\nRCPT TO:<b@far.test>\r\nDATA\r\n",
                354);
  peer.exchange(std::string(kWhole) + "Bcc: j\xc3\xbcrgen@far.test\r\n\r\nx\r\n.\r\n", 250);
  CHECK_FALSE(f.world.envelopes().back().smtputf8());
}

TEST_CASE("smtpd submission: the client is hidden where the configuration says so", "[smtpd]") {
  UserFixture f;
  f.world.settings.smtpd.hide_clients = "on";
  SecurePeer& peer = f.log_in();
  peer.exchange(kAliceToFriend, 354);
  peer.exchange("x: y\r\n\r\n.\r\n", 250);
  const spool::Envelope envelope = f.world.envelopes()[0];
  CHECK(envelope.trace().starts_with("Received: by mx.test with ESMTPSA id "));
  CHECK(envelope.trace().find("203.0.113.9") == std::string::npos);
  CHECK(envelope.trace().find("client.test") == std::string::npos);
  CHECK(envelope.client_address() == "203.0.113.9");
  CHECK(f.logged("client=203.0.113.9 helo=client.test"));
}

TEST_CASE("smtpd submission: a program of this host sends without a login, known by its user",
          "[smtpd]") {
  LocalFixture f;
  const spool::Envelope envelope = f.submit("root@here.test", kWhole);
  CHECK(envelope.client_address() == "uid " + kUid);
  CHECK(
      envelope.trace().starts_with("Received: by mx.test (from uid " + kUid + ") with ESMTP id "));
  f.world.log.flush();
  CHECK(f.world.lines.find("client=\"uid " + kUid + "\"") != std::string::npos);
}

TEST_CASE("smtpd submission: From of a report by a program is the postmaster's", "[smtpd]") {
  LocalFixture f;
  CHECK(f.submit("", "Subject: x\r\n").trace().ends_with("From: <postmaster@mx.test>\r\n"));
  CHECK(f.submit("b@c.test", "Subject: x\r\n").trace().ends_with("From: <b@c.test>\r\n"));
}

TEST_CASE("smtpd submission: the local socket refuses whom it must", "[smtpd]") {
  LocalFixture f;
  Peer& peer = f.connect();
  const std::string offer = peer.exchange("EHLO localhost\r\n", 250);
  for (const char* const keyword : {"STARTTLS", "AUTH", "XCLIENT"})
    CHECK(offer.find(keyword) == std::string::npos);
  CHECK(offer.find("DSN") != std::string::npos);
  peer.exchange("MAIL FROM:<a@here.test>\r\nRCPT TO:<nobody@here.test>\r\n", 550);
  peer.exchange("RCPT TO:<alice@here.test>\r\n", 250);
}

}  // namespace smtpd_connection_submission_test

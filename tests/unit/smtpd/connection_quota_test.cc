// What a Connection makes of mailboxes that have a quota.
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "smtpd/connection.h"
#include "tests/unit/smtpd/world.h"

namespace smtpd_connection_quota_test {

using namespace postrider;
using namespace postrider::smtpd;
using config::CheckAction;
using quota::Amount;
using smtpd::testing::Peer;
using smtpd::testing::World;

namespace {

const std::string kAlice = "alice@here.test";
const std::string kBob = "bob@here.test";
constexpr std::string_view kFriend = "192.0.2.9";  // may relay
constexpr std::string_view kStranger = "203.0.113.9";
constexpr std::string_view kToAlice = "RCPT TO:<alice@here.test>\r\n";
constexpr std::string_view kToBob = "RCPT TO:<bob@here.test>\r\n";
constexpr std::string_view kHead = "From: a\r\nDate: b\r\n\r\n";

struct Client {
  std::unique_ptr<Connection> connection;
  std::unique_ptr<Peer> peer;
};

struct Fixture {
  Fixture() {
    world.settings.checks.quota = CheckAction::defer;
    world.directory.table[kBob] = smtpd::testing::Kind::mailbox;
    world.directory.quota = 10'000;
  }

  // One that has said EHLO.
  Client client(std::string_view address = kStranger) {
    Client made;
    auto [ours, theirs] = smtpd::testing::socket_pair();
    made.peer = std::make_unique<Peer>(world.loop, std::move(theirs));
    made.connection = std::make_unique<Connection>(
        world.services(), world.listener(), std::move(ours),
        net::SocketAddress{*net::IpAddress::parse(address), 40000}, [] {});
    made.peer->expect(220);
    made.peer->exchange("EHLO far.test\r\n", 250);
    return made;
  }
  std::string mail(std::size_t size = 0) const {
    return size == 0 ? "MAIL FROM:<a@far.test>\r\n"
                     : fmt::format("MAIL FROM:<a@far.test> SIZE={}\r\n", size);
  }
  // A content of that size and its end.
  static std::string content(std::size_t octets) {
    return fmt::format("{}{}\r\n.\r\n", kHead, std::string(octets - kHead.size() - 2, 'x'));
  }
  void fill(const std::string& mailbox, std::uint64_t octets) {
    world.rooms.counted(mailbox, {{octets, 1}, 0, 0, world.clock.now()}, world.clock.now());
  }
  Amount promised(const std::string& mailbox = kAlice) {
    return world.rooms.look(mailbox, "").promised;
  }

  World world;
};

}  // namespace

TEST_CASE("smtpd quota: room is promised at RCPT by the size that MAIL declares", "[smtpd]") {
  Fixture f;
  f.fill(kAlice, 4000);
  Client one = f.client(kFriend);
  Client other = f.client();
  one.peer->exchange(f.mail(4000), 250);
  one.peer->exchange(kToAlice, 250);
  CHECK(f.promised() == Amount{4000 + checks::RoomPromises::kTrace, 1});
  other.peer->exchange(f.mail(4000), 250);
  CHECK(other.peer->exchange(kToAlice, 452) == "452 4.2.2 the recipient's mailbox is full\r\n");
  other.peer->exchange(kToBob, 250);
  SECTION("it is given back by the next MAIL") {
    one.peer->exchange("RSET\r\n", 250);
    one.peer->exchange(f.mail(1), 250);
  }
  SECTION("it is given back by the end of the session") {
    one.peer->hang_up();
    for (int i = 0; i < 4; ++i) event_base_loop(f.world.loop.raw(), EVLOOP_NONBLOCK);
  }
  SECTION("it is given back when the message is refused") {
    one.peer->exchange("DATA\r\n", 354);
    one.peer->exchange(f.content(7000), 452);
  }
  CHECK(f.promised() == Amount{});
  other.peer->exchange(kToAlice, 250);
}

TEST_CASE("smtpd quota: strangers who declare much and send nothing keep nobody's mail out",
          "[smtpd]") {
  Fixture f;
  f.fill(kAlice, 4000);
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(f.client());
    clients.back().peer->exchange(f.mail(5000), 250);
    clients.back().peer->exchange(kToAlice, 250);
    CHECK(f.promised() == Amount{});
  }
  // But a size for which there is no room at all is still told at RCPT.
  clients.front().peer->exchange("RSET\r\n", 250);
  clients.front().peer->exchange(f.mail(7000), 250);
  clients.front().peer->exchange(kToAlice, 452);
  // The first whose message is there has the room.
  for (std::size_t i = 1; i < clients.size(); ++i) {
    clients[i].peer->exchange("DATA\r\n", 354);
    clients[i].peer->exchange(f.content(4000), i == 1 ? 250 : 452);
  }
  CHECK(f.world.envelopes().size() == 1);
}

TEST_CASE("smtpd quota: the refusal is as configured where the mailbox itself is full", "[smtpd]") {
  Fixture f;
  f.world.settings.checks.quota = CheckAction::refuse;
  f.fill(kAlice, 10'000);
  Client one = f.client();
  one.peer->exchange(f.mail(), 250);
  CHECK(one.peer->exchange(kToAlice, 552) == "552 5.2.2 the recipient's mailbox is full\r\n");
  f.fill(kAlice, 5000);
  one.peer->exchange(kToAlice, 250);
  one.peer->exchange("DATA\r\n", 354);
  f.fill(kAlice, 9000);  // meanwhile
  CHECK(one.peer->exchange(f.content(2000), 552) ==
        "552 5.2.2 the recipient's mailbox is full\r\n");
  CHECK(f.world.envelopes().empty());
  CHECK(f.promised() == Amount{});
}

TEST_CASE("smtpd quota: a message that is accepted has its room, whatever its size", "[smtpd]") {
  Fixture f;
  Client one = f.client();
  one.peer->exchange(f.mail() + std::string(kToAlice) + "DATA\r\n", 354);
  one.peer->exchange(f.content(3000), 250);
  REQUIRE(f.world.envelopes().size() == 1);
  const auto envelope = f.world.envelopes().front();
  const auto promised = f.promised();
  CHECK(promised.messages == 1);
  CHECK(promised.octets > 3000 + envelope.trace().size());
  CHECK(f.world.rooms.look(kAlice, envelope.id()).has_promise);
  one.peer->exchange("QUIT\r\n", 221);
  CHECK(f.promised() == promised);
}

TEST_CASE("smtpd quota: of many sessions at once one gets the room there is for one", "[smtpd]") {
  Fixture f;
  const bool declared = GENERATE(true, false);
  const bool counted = GENERATE(true, false);
  f.world.directory.quota = counted ? 10'000 : 4000;
  if (counted) f.fill(kAlice, 6000);
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(f.client(kFriend));
  std::vector<Client*> granted;
  for (Client& one : clients) {
    one.peer->exchange(f.mail(declared ? 2500 : 0), 250);
    one.peer->send(kToAlice);
    while (one.peer->heard().empty()) event_base_loop(f.world.loop.raw(), EVLOOP_NONBLOCK);
    if (one.peer->heard().starts_with("250")) {
      one.peer->expect(250);
      granted.push_back(&one);
    } else {
      CHECK(one.peer->expect(452) == "452 4.2.2 the recipient's mailbox is full\r\n");
    }
  }
  if (declared) CHECK(granted.size() == 1);
  for (Client* const one : granted) one->peer->exchange("DATA\r\n", 354);
  int accepted = 0;
  for (Client* const one : granted) {
    one->peer->send(f.content(2500));
    while (one->peer->heard().empty()) event_base_loop(f.world.loop.raw(), EVLOOP_ONCE);
    if (one->peer->heard().starts_with("250")) {
      ++accepted;
    } else {
      CHECK(one->peer->heard() == "452 4.2.2 the recipient's mailbox is full\r\n");
    }
  }
  CHECK(accepted == 1);
  CHECK(f.world.envelopes().size() == 1);
  CHECK(f.promised().messages == 1);
}

TEST_CASE("smtpd quota: a full mailbox at the end of data does not touch the others", "[smtpd]") {
  Fixture f;
  f.fill(kAlice, 7000);
  Client one = f.client();
  one.peer->exchange(f.mail(), 250);
  one.peer->exchange(kToAlice, 250);
  one.peer->exchange(kToBob, 250);
  one.peer->exchange("DATA\r\n", 354);
  one.peer->exchange(f.content(5000), 250);
  CHECK(f.promised(kAlice) == Amount{});
  CHECK(f.promised(kBob).messages == 1);
  f.world.log.flush();
  CHECK(f.world.lines.find(" without_room=1") != std::string::npos);
}

TEST_CASE("smtpd quota: what is larger than the mailbox may be with its trace is refused for good",
          "[smtpd]") {
  Fixture f;
  Client one = f.client();
  one.peer->exchange(f.mail(9999), 250);
  CHECK(one.peer->exchange(kToAlice, 552).starts_with("552 5.2.3 "));
  one.peer->exchange(f.mail().insert(0, "RSET\r\n"), 250);
  one.peer->exchange(kToAlice, 250);
  one.peer->exchange("DATA\r\n", 354);
  CHECK(one.peer->exchange(f.content(9999), 552).starts_with("552 5.2.3 "));
}

TEST_CASE("smtpd quota: where the check is off, or a route takes the domain, nothing is promised",
          "[smtpd]") {
  Fixture f;
  f.fill(kAlice, 10'000);
  if (GENERATE(true, false)) {
    f.world.settings.checks.quota = CheckAction::off;
  } else {
    f.world.settings.routes.insert(f.world.settings.routes.begin(),
                                   {"here.test", {"smtp:store.test"}});
  }
  Client one = f.client();
  one.peer->exchange(f.mail() + std::string(kToAlice) + "DATA\r\n", 354);
  one.peer->exchange(f.content(3000), 250);
  CHECK(f.promised() == Amount{});
}

TEST_CASE("smtpd quota: a recipient that another check refuses has no promise", "[smtpd]") {
  Fixture f;
  f.world.settings.checks.helo_own_name = CheckAction::refuse;
  Client one = f.client();
  one.peer->exchange("EHLO mx.test\r\n", 250);
  one.peer->exchange(f.mail(), 250);
  one.peer->exchange(kToAlice, 550);
  CHECK(f.promised() == Amount{});
}

}  // namespace smtpd_connection_quota_test

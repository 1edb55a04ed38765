#include "queued/selection.h"

#include <chrono>

#include <catch2/catch.hpp>

#include "tests/unit/queued/fixture.h"

namespace queued_selection_test {

using namespace postrider;
using namespace postrider::queued;
using namespace std::chrono_literals;
using test::QueueFixture;

namespace {

constexpr WallTime kArrival{std::chrono::hours{500'000}};

MessageData letter() {
  MessageData data;
  data.id = *MessageId::parse("06hhgn2g0002grrandk6");
  data.arrival = kArrival;
  data.envelope.set_sender("Anna@Sender.Test");
  data.recipients = {{.address = "done@gone.test", .state = RecipientState::delivered},
                     {.address = "Bob@One.Test",
                      .next_hop = "mx:one.test",
                      .status = "4.2.2",
                      .reply = "452 4.2.2 The mailbox is FULL",
                      .remote = "mx.one.test[192.0.2.1]"},
                     {.address = "cyd@two.test",
                      .next_hop = "smtp:relay.two.test:2525,mx:spare.test",
                      .status = "4.4.1",
                      .reply = "connection refused"}};
  return data;
}

// A filter in which one field is set.
using Set = void (*)(ipc::Filter&);

bool means(Set set, MessageState state = MessageState::deferred, States states = kInQueue) {
  ipc::Filter filter;
  set(filter);
  return Selection(filter, states)
      .means(letter(), state, state == MessageState::held ? "spam" : "");
}

}  // namespace

TEST_CASE("selection: what is meant", "[queued]") {
  const auto set =
      GENERATE(Set([](ipc::Filter& f) { f.set_all(true); }),
               Set([](ipc::Filter& f) { f.add_ids("06hhgn2g0002grrandk6"); }),
               Set([](ipc::Filter& f) { f.set_domain("ONE.test"); }),
               Set([](ipc::Filter& f) { f.set_domain("*.test"); }),
               Set([](ipc::Filter& f) { f.set_sender("anna@sender.test"); }),
               Set([](ipc::Filter& f) { f.set_sender("*@sender.test"); }),
               Set([](ipc::Filter& f) { f.set_recipient("bob@one.test"); }),
               Set([](ipc::Filter& f) { f.set_recipient("c?d@*"); }),
               Set([](ipc::Filter& f) { f.set_state("deferred"); }), Set([](ipc::Filter& f) {
                 f.set_arrived_before_us((kArrival + 1us).time_since_epoch().count());
               }),
               Set([](ipc::Filter& f) { f.set_reason("mailbox is full"); }),
               Set([](ipc::Filter& f) { f.set_reason("4.4.1"); }),
               Set([](ipc::Filter& f) { f.set_host("mx.one.test"); }),
               Set([](ipc::Filter& f) { f.set_host("192.0.2.*"); }),
               Set([](ipc::Filter& f) { f.set_host("mx.one.test[192.0.2.1]"); }),
               Set([](ipc::Filter& f) { f.set_host("mx:one.test"); }),
               Set([](ipc::Filter& f) { f.set_host("relay.two.test"); }),
               Set([](ipc::Filter& f) { f.set_host("relay.two.test:2525"); }),
               Set([](ipc::Filter& f) { f.set_host("spare.test"); }), Set([](ipc::Filter& f) {
                 f.set_domain("one.test");
                 f.set_host("mx.one.test");
                 f.set_reason("full");
                 f.set_sender("anna*");
               }));
  CHECK(means(set));
}

TEST_CASE("selection: what is not meant", "[queued]") {
  const auto set = GENERATE(
      Set([](ipc::Filter&) {}), Set([](ipc::Filter& f) { f.add_ids("06hhgn2g0002grrandk7"); }),
      Set([](ipc::Filter& f) { f.set_domain("gone.test"); }),  // that recipient has it
      Set([](ipc::Filter& f) { f.set_domain("test"); }),
      Set([](ipc::Filter& f) { f.set_sender("anna"); }),
      Set([](ipc::Filter& f) { f.set_sender("<>"); }),
      Set([](ipc::Filter& f) { f.set_recipient("one.test"); }),
      Set([](ipc::Filter& f) { f.set_state("held"); }),
      Set([](ipc::Filter& f) { f.set_state("of mind"); }),
      Set([](ipc::Filter& f) { f.set_arrived_before_us(kArrival.time_since_epoch().count()); }),
      Set([](ipc::Filter& f) { f.set_reason("spam"); }),
      Set([](ipc::Filter& f) { f.set_host("one.test[192.0.2.1]"); }),
      Set([](ipc::Filter& f) { f.set_host("192.0.2.1]"); }),
      Set([](ipc::Filter& f) { f.set_host("relay.two.test:25"); }),
      // Of one recipient all must be true.
      Set([](ipc::Filter& f) {
        f.set_domain("one.test");
        f.set_reason("refused");
      }),
      Set([](ipc::Filter& f) {
        f.set_all(true);
        f.set_domain("three.test");
      }));
  CHECK_FALSE(means(set));
}

TEST_CASE("selection: a message must be in a state that the verb is for", "[queued]") {
  const Set all = [](ipc::Filter& f) { f.set_all(true); };
  CHECK(means(all, MessageState::held));
  CHECK_FALSE(means(all, MessageState::deleted));
  CHECK(means(all, MessageState::deleted, kAnyState));
  CHECK_FALSE(means(all, MessageState::active, {.held = true}));
  CHECK_FALSE(means([](ipc::Filter& f) { f.set_state("deferred"); }, MessageState::deferred,
                    {.held = true}));
}

TEST_CASE("selection: what an operator has given up may be left out", "[queued]") {
  ipc::Filter all;
  all.set_all(true);
  Selection selection(all);
  MessageData given_up = letter();
  given_up.expired = true;
  CHECK(selection.means(given_up, MessageState::deferred, ""));
  selection.leave_out_expired();
  CHECK_FALSE(selection.means(given_up, MessageState::deferred, ""));
  CHECK(selection.means(letter(), MessageState::deferred, ""));
}

TEST_CASE("selection: the reason of a hold is a reason", "[queued]") {
  CHECK(means([](ipc::Filter& f) { f.set_reason("SPAM"); }, MessageState::held));
}

TEST_CASE("selection: <> is the empty reverse-path", "[queued]") {
  ipc::Filter filter;
  filter.set_sender("<>");
  MessageData report = letter();
  report.envelope.clear_sender();
  CHECK(Selection(filter).means(report, MessageState::deferred, ""));
}

TEST_CASE("selection: a filter is told in the words of the command", "[queued]") {
  ipc::Filter filter;
  filter.set_domain("one.test");
  filter.set_reason("mailbox full");
  filter.set_arrived_before_us(kArrival.time_since_epoch().count());
  CHECK(to_text(filter) == "--domain one.test --reason mailbox full --before 2027-01-15T08:00:00Z");
  ipc::Filter ids;
  for (int i = 0; i < 7; ++i) ids.add_ids(std::to_string(i));
  CHECK(to_text(ids) == "--id 0 --id 1 --id 2 --id 3 --id 4 and 2 more");
}

TEST_CASE("selection: a message is meant alike in memory and on disk", "[queued]") {
  QueueFixture f;
  f.keeps = [](const ipc::Job& job) { return job.next_hop() == "mx:kept.test"; };
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 4.7.1 Greylisted");
  };
  const std::string kept = f.accept("a@x.test", {"b@kept.test", "b@far.test"});
  const std::string stored = f.accept("a@x.test", {"b@far.test"});
  f.accept("c@x.test", {"b@else.test"});
  f.settle();
  const auto filter =
      GENERATE(Set([](ipc::Filter& one) { one.set_domain("FAR.*"); }),
               Set([](ipc::Filter& one) { one.set_recipient("b@far.test"); }),
               Set([](ipc::Filter& one) { one.set_sender("a@*"); }),
               Set([](ipc::Filter& one) { one.set_host("far.test"); }), Set([](ipc::Filter& one) {
                 one.set_domain("far.test");
                 one.set_reason("greylisted");
               }));
  ipc::Filter wanted;
  filter(wanted);
  const auto found = f.list(wanted, kInQueue);
  REQUIRE(found.size() == 2);
  CHECK(found[0].id() == kept);
  CHECK(found[0].state() == "active");
  CHECK(found[1].id() == stored);
  CHECK(found[1].state() == "deferred");
}

TEST_CASE("selection: who means few of many finds them all, a portion at a time",
          "[queued][slow]") {
  QueueFixture f;
  auto database = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
  REQUIRE(database);
  const std::string count = std::to_string(2 * StoreReader::kLook + 1);
  REQUIRE(database->execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" + count +
      ") INSERT INTO message SELECT printf('%020d', i), x'', CAST('s' || i AS BLOB), 1, 0, 0, 2, "
      "0, "
      "0, 0, 0, 0, 'why', '', 0, 0 FROM n"));
  REQUIRE(
      database->execute("INSERT INTO recipient (message, address, domain, original, notify, "
                        "orcpt, state, next_hop, status, reply, remote) SELECT id, x'61', '', "
                        "x'', '', x'', 0, '', '', x'', '' FROM message"));
  ipc::Filter filter;
  filter.set_sender("s" + count);
  const auto found = f.list(filter);
  REQUIRE(found.size() == 1);
  CHECK(found[0].id() == std::string(20 - count.size(), '0') + count);
}

}  // namespace queued_selection_test

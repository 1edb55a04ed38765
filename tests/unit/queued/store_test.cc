#include "queued/store.h"

#include <algorithm>
#include <array>

#include <catch2/catch.hpp>

#include "common/spool/record.h"
#include "tests/unit/queued/acts.h"
#include "tests/unit/temp_directory.h"

namespace queued_store_test {

using namespace postrider;
using namespace postrider::queued;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{std::chrono::hours{500'000}};

// A store on an empty spool, and one file from which contents are promoted.
struct World {
  World() {
    for (const std::string& folder : {paths.incoming(), paths.deferred()})
      REQUIRE(spool::system_disk().make_directory(folder));
    auto opened = Store::open(spool::system_disk(), paths);
    REQUIRE(opened);
    store = std::move(*opened);
    auto file = spool::system_disk().open(temporary.path("source"), spool::Disk::Mode::append);
    REQUIRE(file);
    source = std::make_shared<const SourceFile>(SourceFile{std::move(*file)});
  }

  Promote promote(std::string content) {
    Promote promote{.source = source, .offset = *spool::system_disk().size(source->fd.get())};
    iovec part{.iov_base = content.data(), .iov_len = content.size()};
    REQUIRE(spool::system_disk().append(source->fd.get(), {&part, 1}));
    promote.data.id = ids.next();
    promote.data.arrival = kNow;
    promote.data.content_length = content.size();
    promote.data.content_checksum = spool::checksum(content);
    promote.data.recipients.push_back({.address = "anna@example.org"});
    promote.schedule = {.next_attempt = kNow + 1h, .expires = kNow + 24h};
    return promote;
  }

  std::string content(const MessageId& id) {
    const auto stored = store->open_content(id);
    REQUIRE(stored);
    std::array<char, 64> buffer{};
    const auto n = spool::system_disk().read(stored->fd.get(), 0, buffer);
    REQUIRE(n);
    return {buffer.data(), *n};
  }

  test::TempDirectory temporary;
  spool::Paths paths{temporary.path()};
  ManualClock clock{kNow};
  MessageIdSource ids{clock, 0, 1};
  std::unique_ptr<Store> store;
  SourcePtr source;
};

// What is behind mx:a.test, of a call for `count`.
Result<Taken> take_behind(World& world, std::size_t count) {
  auto taken = world.store->take_behind(std::vector<Call>{{"mx:a.test", count}}, kNow);
  if (!taken) return pass_on(std::move(taken.error()));
  return std::move(taken->at(0));
}

}  // namespace

TEST_CASE("store: messages promoted together keep each its content and its time", "[queued]") {
  const std::size_t count =
      GENERATE(std::size_t{1}, Store::kSyncTogether, 3 * Store::kSyncTogether);
  World world;
  std::vector<Change> changes;
  std::vector<MessageId> ids;
  for (std::size_t i = 0; i < count; ++i) {
    Promote promote = world.promote("message " + std::to_string(i));
    ids.push_back(promote.data.id);
    changes.emplace_back(std::move(promote));
  }
  REQUIRE(world.store->apply(changes));
  for (std::size_t i = 0; i < count; ++i)
    CHECK(world.content(ids[i]) == "message " + std::to_string(i));
  CHECK(world.store->take_due(kNow, 1000)->messages.empty());
  CHECK(world.store->take_due(kNow + 1h, 1000)->messages.size() == count);
}

TEST_CASE("store: a destination calls for the messages behind it alone, oldest first, and once",
          "[queued]") {
  World world;
  std::vector<Change> changes;
  std::vector<MessageId> behind;
  for (int i = 0; i < 6; ++i) {
    Promote promote = world.promote("text");
    promote.schedule.behind = i % 2 == 0 ? "mx:a.test" : "mx:b.test";
    if (i % 2 == 0) behind.push_back(promote.data.id);
    changes.emplace_back(std::move(promote));
  }
  changes.emplace_back(world.promote("waits for its time"));
  REQUIRE(world.store->apply(changes));
  const auto counted = world.store->behind(10);
  REQUIRE(counted);
  REQUIRE(counted->size() == 2);
  CHECK((*counted)[0].destination == "mx:a.test");
  CHECK((*counted)[0].messages == 3);

  const auto first = take_behind(world, 2);
  REQUIRE(first);
  CHECK(first->more);
  REQUIRE(first->messages.size() == 2);
  CHECK(first->messages[0].id == behind[0]);
  CHECK(first->messages[1].id == behind[1]);
  const auto second = take_behind(world, 2);
  REQUIRE(second);
  CHECK_FALSE(second->more);
  REQUIRE(second->messages.size() == 1);
  CHECK(second->messages[0].id == behind[2]);
  CHECK(take_behind(world, 2)->messages.empty());
}

TEST_CASE("store: several destinations are asked for together, each with an answer of its own",
          "[queued]") {
  World world;
  std::vector<Change> changes;
  for (const char* const destination : {"mx:a.test", "mx:a.test", "mx:b.test"}) {
    Promote promote = world.promote("text");
    promote.schedule.behind = destination;
    changes.emplace_back(std::move(promote));
  }
  REQUIRE(world.store->apply(changes));
  const std::vector<Call> calls{{"mx:b.test", 1}, {"mx:none.test", 1}, {"mx:a.test", 5}};
  const auto taken = world.store->take_behind(calls, kNow);
  REQUIRE(taken);
  REQUIRE(taken->size() == 3);
  CHECK((*taken)[0].messages.size() == 1);
  CHECK((*taken)[0].more);
  CHECK((*taken)[1].messages.empty());
  CHECK((*taken)[2].messages.size() == 2);
  CHECK_FALSE((*taken)[2].more);
}

TEST_CASE("store: who waits behind a destination comes at its time as well, and then not again",
          "[queued]") {
  World world;
  Promote promote = world.promote("text");
  promote.schedule.behind = "mx:a.test";
  REQUIRE(world.store->apply(std::vector<Change>{promote}));
  CHECK(world.store->take_due(kNow + 1h, 10)->messages.size() == 1);
  CHECK(take_behind(world, 10)->messages.empty());
}

TEST_CASE("store: what a destination called for is due when it was not ended before a restart",
          "[queued]") {
  World world;
  Promote promote = world.promote("text");
  promote.schedule.behind = "mx:a.test";
  REQUIRE(world.store->apply(std::vector<Change>{promote}));
  CHECK(take_behind(world, 10)->messages.size() == 1);
  world.store.reset();
  world.store = Store::open(spool::system_disk(), world.paths).value();
  CHECK(world.store->take_due(kNow, 10)->messages.size() == 1);
}

TEST_CASE("store: an operator's verb takes a message from behind its destination", "[queued]") {
  World world;
  Promote promote = world.promote("text");
  promote.schedule.behind = "mx:a.test";
  REQUIRE(world.store->apply(std::vector<Change>{promote}));
  const ipc::Filter all = test::all_messages();
  const bool held = GENERATE(false, true);
  const auto request = held ? ipc::AdminRequest::HOLD : ipc::AdminRequest::RETRY;
  const auto changed = world.store->carry_out(test::act_of(request, all, "why not"), {}, kNow);
  CHECK(changed.value().messages == 1);
  CHECK(world.store->behind(10)->empty());
  CHECK(world.store->take_due(kNow, 10)->messages.size() == (held ? 0 : 1));
}

TEST_CASE("store reader: sums are by domain, state and reason, those of the most messages first",
          "[queued]") {
  World world;
  std::vector<Change> changes;
  const auto add = [&](std::vector<Recipient> recipients, bool held) {
    Promote promote = world.promote("x");
    promote.data.recipients = std::move(recipients);
    if (held) promote.schedule = {.expires = kNow + 24h, .hold_reason = "why not"};
    changes.emplace_back(std::move(promote));
  };
  add({{.address = "a@one.test", .reply = "450 busy"},
       {.address = "b@one.test", .reply = "450 busy"}},
      false);
  add({{.address = "a@one.test", .reply = "450 busy"},
       {.address = "c@two.test", .status = "4.2.2", .reply = "450 full"}},
      false);
  add({{.address = "a@one.test", .status = "4.3.2", .reply = "450 busy"}}, true);
  add({{.address = "a@one.test", .state = RecipientState::delivered}, {.address = "d@two.test"}},
      false);
  REQUIRE(world.store->apply(changes));
  const auto reader = StoreReader::open(spool::system_disk(), world.paths);
  REQUIRE(reader);
  const auto rows = (*reader)->summarize();
  REQUIRE(rows);
  std::vector<std::string> told;
  for (const ipc::SummaryRow& row : *rows)
    told.push_back(row.destination() + ' ' + row.state() + ' ' + row.reason() + ' ' +
                   std::to_string(row.messages()) + ' ' + std::to_string(row.recipients()) + ' ' +
                   row.status());
  std::sort(told.begin() + 1, told.end());
  CHECK(told == std::vector<std::string>{"one.test deferred 450 busy 2 3 ",
                                         "one.test held why not 1 1 ", "two.test deferred  1 1 ",
                                         "two.test deferred 450 full 1 1 4.2.2"});
  CHECK(rows->front().oldest_us() == kNow.time_since_epoch().count());
}

TEST_CASE("store reader: rows that are too many are summed up, each state for itself", "[queued]") {
  World world;
  const std::string rows = std::to_string(StoreReader::kSummaryRows);
  {
    auto database = sqlite::Database::open(world.paths.queue_db(), sqlite::Access::write);
    REQUIRE(database);
    // Each destination has two messages; then five that are alone with theirs, two of them held.
    REQUIRE(database->execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2*" + rows +
        "+5) INSERT INTO message SELECT printf('%020d', i), x'', x'', 9000-i, 0, 0, "
        "CASE WHEN i>2*" +
        rows +
        "+3 THEN 2 ELSE 0 END, 8000-i, "
        "0, 0, 0, 0, '', '', 0, 0 FROM n"));
    REQUIRE(database->execute(
        "INSERT INTO recipient (message, address, domain, original, notify, orcpt, state, "
        "next_hop, status, reply, remote) SELECT id, x'61', CASE WHEN id+0<=2*" +
        rows + " THEN id % " + rows +
        " ELSE 'alone' || id END, x'', '', x'', 0, '', '', x'62', '' "
        "FROM message"));
  }
  const auto all = world.store->summarize();
  REQUIRE(all);
  REQUIRE(all->size() == StoreReader::kSummaryRows + 2);
  CHECK(all->front().messages() == 2);
  const ipc::SummaryRow& deferred = all->at(StoreReader::kSummaryRows);
  CHECK(deferred.destination() == "(others)");
  CHECK(deferred.reason() == "other reasons");
  CHECK(deferred.state() == "deferred");
  CHECK(deferred.messages() == 3);
  CHECK(deferred.recipients() == 3);
  const std::int64_t last = 2 * StoreReader::kSummaryRows + 3;
  CHECK(deferred.oldest_us() == 9000 - last);
  CHECK(deferred.next_attempt_us() == 8000 - last);
  CHECK(all->back().destination() == "(others)");
  CHECK(all->back().state() == "held");
  CHECK(all->back().messages() == 2);
  CHECK(all->back().next_attempt_us() == 0);
}

TEST_CASE("store reader: what its sender holds back is summed up as such, until it was attempted",
          "[queued]") {
  World world;
  std::vector<Change> changes;
  const auto add = [&](const std::string& destination, WallTime next_attempt,
                       const std::string& reply) {
    Promote promote = world.promote("x");
    promote.data.recipients = {{.address = "a@" + destination, .reply = reply}};
    promote.data.envelope.set_release_us((kNow + 2h).time_since_epoch().count());
    promote.schedule.next_attempt = next_attempt;
    changes.emplace_back(std::move(promote));
  };
  add("waits.test", kNow + 2h, "");
  add("hurried.test", kNow, "");
  add("told.test", kNow + 2h, "450 busy");
  REQUIRE(world.store->apply(changes));
  const auto rows = world.store->summarize();
  REQUIRE(rows);
  std::vector<std::string> told;
  for (const ipc::SummaryRow& row : *rows) told.push_back(row.destination() + ": " + row.reason());
  CHECK(told == std::vector<std::string>{"hurried.test: ", "told.test: 450 busy",
                                         "waits.test: held back by its sender"});
}

TEST_CASE("store: a row that has lost its recipients is held for a person, and stops no other",
          "[queued]") {
  World world;
  const Promote whole = world.promote("whole");
  const Promote lost = world.promote("lost");
  REQUIRE(world.store->apply(std::vector<Change>{whole, lost}));
  {
    auto database = sqlite::Database::open(world.paths.queue_db(), sqlite::Access::write);
    REQUIRE(database);
    REQUIRE(database->execute("DELETE FROM recipient WHERE message='" + lost.data.id.str() + "'"));
  }
  const auto taken = world.store->take_due(kNow + 2h, 10);
  REQUIRE(taken);
  REQUIRE(taken->messages.size() == 1);
  CHECK(taken->messages.front().id == whole.data.id);
  CHECK_FALSE(world.store->damaged());
  ipc::Filter held;
  held.set_state("held");
  const auto listed = world.store->list(Selection(held), "");
  REQUIRE(listed);
  REQUIRE(listed->messages.size() == 1);
  CHECK(listed->messages.front().id() == lost.data.id.str());
  CHECK(listed->messages.front().hold_reason().ends_with("has no recipients"));
}

}  // namespace queued_store_test

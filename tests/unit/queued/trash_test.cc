#include "queued/trash.h"

#include "tests/unit/queued/verbs_fixture.h"

namespace queued_trash_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::all_messages;
using test::Lines;
using test::message_of;
using test::Request;
using Fixture = test::VerbsFixture;

TEST_CASE("queued trash: what is deleted is erased an hour later, and each recipient is logged",
          "[queued]") {
  Fixture f;
  const std::string id = f.accept("a@x.test", {"b@far.test", "c@far.test"});
  f.settle();
  CHECK(f.operate(Request::DELETE, all_messages()) == 1U);
  f.clock.advance(1h);
  f.sweep();
  CHECK(f.events("deleted") == 2);
  CHECK_FALSE(f.on_disk(id));
  CHECK(f.operate(Request::UNDELETE, all_messages()) == 0U);
}

TEST_CASE("queued trash: a clock that is set ahead, or back, erases nothing before its time",
          "[queued]") {
  Fixture f;
  ManualClock steady(f.clock.now());
  queued::Trash trash(f.life->queue, f.life->store, f.settings, f.clock, steady, f.log);
  const auto pass = [&](std::chrono::microseconds time) {
    f.clock.advance(time);
    steady.advance(time);
    trash.sweep();
    f.settle();
  };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  const bool ahead = GENERATE(true, false);
  if (!ahead) f.clock.advance(24h);
  CHECK(f.operate(Request::DELETE, all_messages()) == 1U);
  f.clock.advance(ahead ? 24h : -24h);
  pass(0h);
  pass(59min);
  CHECK(f.events("deleted") == 0);
  pass(1min + 1s);
  CHECK(f.events("deleted") == 1);
}

TEST_CASE("queued trash: what cannot be read is logged when it is erased", "[queued]") {
  Fixture f;
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  {
    auto database = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
    REQUIRE(database);
    REQUIRE(database->execute("DELETE FROM recipient"));
  }
  CHECK(f.operate(Request::ERASE, message_of(id)) == 1U);
  CHECK(f.logged.find("event=unreadable_deleted id=" + id) != std::string::npos);
  CHECK_FALSE(f.on_disk(id));
}

TEST_CASE("queued trash: more than a portion is swept", "[queued][slow]") {
  Fixture f;
  const std::size_t many = queued::Store::kVerbPortion + 1;
  f.settings.queue.active_limit = 2 * many;
  f.accept_many(many, "a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.operate(Request::DELETE, all_messages()) == many);
  f.clock.advance(1h);
  f.sweep();
  CHECK(f.events("deleted") == many);
}

}  // namespace queued_trash_test

#include "common/trace/search.h"

#include "common/trace/belonging.h"
#include "tests/unit/trace/world.h"

namespace trace_search_test {

using namespace postrider;
using namespace postrider::trace::testing;
using namespace std::chrono_literals;
using trace::Writer;

TEST_CASE("trace search: a message has the part of its session that was about it", "[trace]") {
  World world;
  const std::string session = world.new_id();
  const std::string one = world.new_id();
  const std::string two = world.new_id();
  Writer writer = world.writer();
  const auto tell = [&](auto fill) {
    world.clock.advance(1ms);
    writer.append(world.lines(fill));
  };
  tell([&](log::Logger& log) { log.debug("connected").session(session); });
  tell([&](log::Logger& log) { log.info("recipient_refused").session(session).with("mail", 1); });
  tell([&](log::Logger& log) { log.info("accepted").id(one).session(session).with("mail", 1); });
  tell([&](log::Logger& log) { log.info("recipient_refused").session(session).with("mail", 2); });
  tell([&](log::Logger& log) { log.info("accepted").id(two).session(session).with("mail", 2); });
  tell([&](log::Logger& log) { log.debug("disconnected").session(session); });
  const bool collected = GENERATE(false, true);
  if (collected) world.collect();
  const auto life = world.search().whole_life(two);
  REQUIRE(life);
  std::string told;
  for (const trace::Event& event : life->events) told += event.name + ' ';
  CHECK(told == "connected recipient_refused accepted disconnected ");
  CHECK(world.events_of(session) == 4);
}

TEST_CASE("trace search: the youngest come first, and only those of that time", "[trace]") {
  World world;
  Writer writer = world.writer();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(world.new_id());
    writer.append(world.accepted(ids.back()));
    if (i == 2) world.collect();
    world.clock.advance(1h);
  }
  auto search = world.search();
  const auto all = search.find("bob@there.test", WallTime(), 100);
  REQUIRE(all);
  CHECK(all->size() == 5);
  CHECK(all->front() == trace::subject_of(ids.back()));
  CHECK(search.find("bob@there.test", WallTime(), 2)->size() == 2);
  CHECK(search.find("bob@there.test", world.clock.now() - 150min, 100)->size() == 2);
  const auto lives = search.lives(*all);
  REQUIRE(lives);
  CHECK(lives->front().id == ids.back());
  CHECK(lives->back().id == ids.front());
}

TEST_CASE("trace search: a report is part of the message that it reports on", "[trace]") {
  World world;
  const std::string one = world.new_id();
  const std::string report = world.new_id();
  Writer writer = world.writer("queued");
  writer.append(world.accepted(one));
  writer.append(world.lines([&](log::Logger& log) {
    log.info("report").id(report).with("of", one).with("to", "ada@here.test");
  }));
  if (GENERATE(false, true)) world.collect();
  CHECK(world.events_of(one) == 2);
  CHECK(world.events_of(report) == 1);
  CHECK(world.found("ada@here.test") == 2);
}

TEST_CASE("trace search: two ids that fall together are told apart", "[trace]") {
  World world;
  const std::string id = world.new_id();
  Writer writer = world.writer();
  writer.append(world.accepted(id));
  const auto life = world.search().whole_life("00000000000000000000");
  REQUIRE(life);
  CHECK(life->events.empty());
  CHECK(trace::time_of(*trace::subject_of(id)) == world.clock.now());
  CHECK(trace::hour_of(trace::first_subject(WallTime(7200s))) == 2);
}

TEST_CASE("trace search: of very many events it is known how many are left out", "[trace][slow]") {
  World world;
  const std::string id = world.new_id();
  world.writer().append(world.accepted(id));
  world.collect();
  auto index =
      sqlite::Database::open(trace::index_path(world.folder.path()), sqlite::Access::write);
  REQUIRE(index);
  REQUIRE(index->execute(
      "INSERT INTO events WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT "
      "20010) SELECT subject, number + x, time + x, process, event, rest FROM events, n"));
  const auto life = world.search().whole_life(id);
  REQUIRE(life);
  CHECK(life->events.size() == std::size_t{trace::Search::kMaxEvents});
  CHECK(life->left_out == 11);
}

}  // namespace trace_search_test

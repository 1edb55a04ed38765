#include "common/trace/collector.h"

#include <fcntl.h>
#include <sys/file.h>

#include "tests/unit/trace/world.h"

namespace trace_collector_test {

using namespace postrider;
using namespace postrider::trace::testing;
using namespace std::chrono_literals;
using trace::Writer;

namespace {

void append_to(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::app | std::ios::binary) << text;
}

std::string only_file(const World& world) {
  const auto files = trace::list_files(world.trace_folder());
  REQUIRE(files);
  REQUIRE(files->size() == 1);
  return world.trace_folder() + "/" + files->front().str();
}

}  // namespace

TEST_CASE("trace collector: what it took is found as before, and once", "[trace]") {
  World world;
  const std::string id = world.new_id();
  Writer writer = world.writer();
  writer.append(world.accepted(id));
  CHECK(world.events_of(id) == 1);
  CHECK(world.found("<Bob@There.test>") == 1);
  world.collect();
  CHECK(world.events_of(id) == 1);
  writer.append(world.ended(id));
  CHECK(world.events_of(id) == 2);
  world.collect();
  world.collect();
  CHECK(world.events_of(id) == 2);
  CHECK(world.found("ada@here.test") == 1);
  CHECK(world.found("<" + id + "@here.test>") == 1);
  CHECK(world.found("nobody@here.test") == 0);
  CHECK(world.files() == 1);  // its writer lives
}

TEST_CASE("trace collector: a file is removed when its writer has ended", "[trace]") {
  World world;
  const std::string id = world.new_id();
  world.writer().append(world.accepted(id));
  CHECK(world.files() == 1);
  world.collect();
  CHECK(world.files() == 0);
  CHECK(world.events_of(id) == 1);
  world.collect();
  CHECK(world.events_of(id) == 1);
}

TEST_CASE("trace collector: a file that cannot be read keeps it from no other", "[trace]") {
  World world;
  const std::string id = world.new_id();
  {
    Writer writer = world.writer();
    writer.append(world.accepted(id));
  }
  std::filesystem::create_directory(world.trace_folder() + "/smtpd.7.1");
  CHECK(world.events_of(id) == 1);
  const auto collected = world.collector().collect(std::chrono::seconds(10));
  REQUIRE_FALSE(collected);
  CHECK(collected.error().text.find("smtpd.7.1: is no regular file") != std::string::npos);
  CHECK(world.files() == 1);  // that one
  CHECK(world.events_of(id) == 1);
}

TEST_CASE("trace collector: goes on in the middle of a line when that is whole", "[trace]") {
  World world;
  const std::string one = world.new_id();
  const std::string two = world.new_id();
  Writer writer = world.writer();
  writer.append(world.accepted(one));
  const std::string line = world.accepted(two);
  for (std::size_t cut : {std::size_t{1}, line.size() / 2, line.size() - 1}) {
    CAPTURE(cut);
    const std::string path = only_file(world);
    append_to(path, line.substr(0, cut));
    world.collect();
    CHECK(world.events_of(two) == 0);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - cut);
  }
  writer.append(line);
  world.collect();
  CHECK(world.events_of(one) == 1);
  CHECK(world.events_of(two) == 1);
}

TEST_CASE("trace collector: a line that a crash has torn is passed over, with what is no line",
          "[trace]") {
  World world;
  const std::string one = world.new_id();
  const std::string two = world.new_id();
  world.writer().append(world.accepted(one) + "what is this\n\n" + world.accepted(two));
  append_to(only_file(world), "time=2026-11-21T20:38:1");
  world.collect();
  CHECK(world.events_of(one) == 1);
  CHECK(world.events_of(two) == 1);
  CHECK(world.files() == 0);
}

TEST_CASE("trace collector: one that ends within a transaction has taken nothing of it",
          "[trace]") {
  World world;
  const std::string id = world.new_id();
  Writer writer = world.writer();
  writer.append(world.accepted(id));
  {
    auto index = trace::Index::open(trace::index_path(world.folder.path()));
    REQUIRE(index);
    REQUIRE(index->begin());
    REQUIRE(index->add(world.accepted(id)));
    REQUIRE(index->set_taken("smtpd.0.1", 100));
  }
  world.collect();
  CHECK(world.events_of(id) == 1);
  auto index = trace::Index::open(trace::index_path(world.folder.path()));
  REQUIRE(index);
  const auto taken = index->taken();
  REQUIRE(taken);
  CHECK_FALSE(taken->contains("smtpd.0.1"));
  CHECK(taken->size() == 1);
}

TEST_CASE("trace collector: is not longer at it than it may, and goes on", "[trace]") {
  World world;
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(world.new_id());
    world.writer().append(world.accepted(ids.back()));
    world.clock.advance(1s);
  }
  auto collector = world.collector();
  for (int left = 2; left >= 0; --left) {
    const auto more = collector.collect(0ms);
    REQUIRE(more);
    CHECK(*more);
  }
  for (int i = 0; i < 4; ++i) REQUIRE(collector.collect(0ms));
  for (const std::string& id : ids) CHECK(world.events_of(id) == 1);
}

TEST_CASE("trace collector: what was given up is known as a time of which not all is", "[trace]") {
  World world;
  Writer writer = world.writer();
  writer.append(world.lines([](log::Logger& log) {
    log.warning("trace_lost").keep().with("octets", 77).with("since", "2027-01-15T07:59:00Z");
  }));
  world.collect();
  auto search = world.search();
  const auto losses = search.losses(world.clock.now() - 10s, world.clock.now());
  REQUIRE(losses);
  REQUIRE(losses->size() == 1);
  CHECK(losses->front().octets == 77);
  CHECK(search.losses(world.clock.now() + 1s, world.clock.now() + 2s)->empty());
}

TEST_CASE("trace retention: a message goes when it has ended for long, not before", "[trace]") {
  World world;
  const std::string ended = world.new_id();
  const std::string held = world.new_id();
  Writer writer = world.writer();
  writer.append(world.accepted(ended) + world.accepted(held));
  world.clock.advance(20h);
  writer.append(world.ended(ended));
  world.clock.advance(10h);
  world.collect();
  CHECK(world.events_of(ended) == 2);
  world.clock.advance(15h);
  world.collect();
  CHECK(world.events_of(ended) == 0);
  CHECK(world.events_of(held) == 1);
  CHECK(world.found("bob@there.test") == 1);
  world.clock.advance(24h);
  world.collect();
  CHECK(world.events_of(held) == 0);
  CHECK(world.found("bob@there.test") == 0);
}

TEST_CASE("trace retention: beyond its size the oldest go first", "[trace][slow]") {
  World world;
  world.settings.trace.max_size = 1U << 20U;
  std::string first;
  std::string last;
  Writer writer = world.writer();
  for (int i = 0; i < 8000; ++i) {
    last = world.new_id();
    if (first.empty()) first = last;
    writer.append(world.accepted(last));
    world.clock.advance(1ms);
  }
  world.collect();
  CHECK(world.events_of(first) == 0);
  CHECK(world.events_of(last) == 1);
  CHECK(world.found("bob@there.test") > 100);
  CHECK(world.found("bob@there.test") < 1001);
}

TEST_CASE("trace retention: a backlog does not let the file grow far beyond its size",
          "[trace][slow]") {
  World world;
  world.settings.trace.max_size = 1U << 20U;
  std::string last;
  Writer writer = world.writer();
  for (int i = 0; i < 8000; ++i) {
    last = world.new_id();
    writer.append(world.accepted(last));
    world.clock.advance(1ms);
  }
  auto collector = world.collector();
  while (true) {
    const auto more = collector.collect(0ms);  // a block at a time
    REQUIRE(more);
    if (!*more) break;
  }
  CHECK(world.events_of(last) == 1);
  CHECK(std::filesystem::file_size(trace::index_path(world.folder.path())) < 3U << 20U);
}

}  // namespace trace_collector_test

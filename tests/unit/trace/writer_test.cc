#include "common/trace/writer.h"

#include <unistd.h>

#include "common/trace/pending.h"
#include "common/trace/recording.h"
#include "tests/unit/trace/world.h"

namespace trace_writer_test {

using namespace postrider;
using namespace postrider::trace::testing;
using namespace std::chrono_literals;
using trace::Writer;

namespace {

std::string all_lines(const World& world) {
  const auto pending = trace::Pending::open(world.trace_folder());
  REQUIRE(pending);
  std::string text;
  REQUIRE(pending->read([&](std::string_view line) { text += std::string(line) + "\n"; }));
  return text;
}

}  // namespace

TEST_CASE("trace writer: lines are in a file of their own at once", "[trace]") {
  World world;
  Writer writer = world.writer();
  writer.append("one\n");
  writer.append("two\nthree\n");
  CHECK(all_lines(world) == "one\ntwo\nthree\n");
  CHECK(world.files() == 1);
  CHECK_FALSE(writer.has_loss());
}

TEST_CASE("trace writer: a file that is full, or old, is followed by another", "[trace]") {
  World world;
  Writer writer = world.writer("smtpd", 10);
  writer.append("12345678\n");
  writer.append("2\n");
  CHECK(world.files() == 2);
  world.clock.advance(Writer::kFileAge);
  writer.append("3\n");
  CHECK(world.files() == 3);
  CHECK(all_lines(world) == "12345678\n2\n3\n");
}

TEST_CASE("trace writer: beyond its bound the oldest of its files are given up", "[trace]") {
  World world;
  Writer other = world.writer("queued", 100, 300);
  other.append(std::string(89, 'q') + "\n");
  Writer writer = world.writer("smtpd", 100, 300);
  for (int i = 0; i < 10; ++i) {
    world.clock.advance(1s);
    writer.append(std::string(88, static_cast<char>('a' + i)) + "\n");
  }
  const std::string kept = all_lines(world);
  CHECK(kept.find("qqq") != std::string::npos);  // another's, and in use
  CHECK(kept.find("jjj") != std::string::npos);
  CHECK(kept.find("aaa") == std::string::npos);
  CHECK(kept.size() <= 300);
  REQUIRE(writer.has_loss());
  const Writer::Loss loss = writer.take_loss();
  CHECK(loss.octets == 8 * 89);
  CHECK(loss.since == WallTime(1'800'000'000s) + 1s);
  CHECK_FALSE(writer.has_loss());
}

TEST_CASE("trace writer: where there is no folder to be had, lines are lost and counted",
          "[trace]") {
  World world;
  std::ofstream(world.trace_folder()) << "a file in its place";
  Writer writer = world.writer();
  writer.append("one\n");
  REQUIRE(writer.has_loss());
  CHECK(writer.take_loss().octets == 4);
  std::filesystem::remove(world.trace_folder());
  writer.append("two\n");  // not tried again yet
  CHECK(writer.take_loss().octets == 4);
  world.clock.advance(Writer::kRetry);
  writer.append("three\n");
  CHECK_FALSE(writer.has_loss());
  CHECK(all_lines(world) == "three\n");
}

TEST_CASE("trace writer: a clock that is set back finds another name", "[trace]") {
  World world;
  const WallTime then = world.clock.now();
  world.writer().append("one\n");
  world.clock.set(then);
  world.writer().append("two\n");
  CHECK(world.files() == 2);
}

TEST_CASE("trace recording: keeps what belongs to messages, and tells the log what it lost",
          "[trace]") {
  World world;
  std::string logged;
  log::Logger log("smtpd", log::Level::info, log::Format::logfmt, world.clock,
                  [&](std::string_view text) { logged += text; });
  log.set_buffered(true);
  {
    trace::Recording recording(log, world.settings, "smtpd", 0, world.clock);
    log.debug("connected").session(world.new_id());
    log.debug("queued_not_reachable").with("reason", "x");
    log.info("started").with("spool", "x");
    recording.end_turn();
    CHECK(all_lines(world).find("event=connected") != std::string::npos);
    CHECK(all_lines(world).find("started") == std::string::npos);
    CHECK(all_lines(world).find("queued_not_reachable") == std::string::npos);
    CHECK(logged.find("connected") == std::string::npos);
    CHECK(logged.find("event=started") != std::string::npos);
  }
  log.debug("connected").session(world.new_id());
  log.flush();
  world.settings.trace.enabled = "off";
  trace::Recording off(log, world.settings, "smtpd", 0, world.clock);
  log.debug("secured").session(world.new_id());
  off.end_turn();
  CHECK(all_lines(world).find("secured") == std::string::npos);
}

}  // namespace trace_writer_test

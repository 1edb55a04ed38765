#include "common/log/log.h"

#include <catch2/catch.hpp>

namespace log_log_test {

using namespace postrider;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  std::string lines;
  ManualClock clock{WallTime(1'795'293'498'000'005us)};
  log::Logger make(log::Level level, log::Format format) {
    return log::Logger("smtpd", level, format, clock, [this](std::string_view l) { lines += l; });
  }
};

const std::string kStart = "time=2026-11-21T20:38:18.000005Z level=info process=smtpd event=";

}  // namespace

TEST_CASE("log: one line an event, plain values bare, others quoted", "[log]") {
  Fixture f;
  auto log = f.make(log::Level::info, log::Format::logfmt);
  log.info("accepted")
      .with("from", "a@b")
      .with("size", 42)
      .with("tls", false)
      .with("reply", "250 ok");
  CHECK(f.lines == kStart + "accepted from=a@b size=42 tls=false reply=\"250 ok\"\n");
}

TEST_CASE("log: nothing from outside can forge a line or a key", "[log]") {
  Fixture f;
  auto log = f.make(log::Level::info, log::Format::logfmt);
  const auto [value, written] = GENERATE(table<std::string, std::string>({
      {"a\nlevel=error", "\"a\\u000alevel=error\""},
      {"a=b", "\"a=b\""},
      {"say \"hi\"", "\"say \\\"hi\\\"\""},
      {"back\\slash", "\"back\\\\slash\""},
      {"", "\"\""},
      {"\x1b[31m", "\"\\u001b[31m\""},
      {"\xc3\xa4", "\"\\u00c3\\u00a4\""},
  }));
  log.info("x").with("k", value);
  CHECK(f.lines == kStart + "x k=" + written + "\n");
}

TEST_CASE("log: JSON is one object a line", "[log]") {
  Fixture f;
  auto log = f.make(log::Level::info, log::Format::json);
  log.info("x").with("k", "a\"b").with("n", 7);
  CHECK(f.lines ==
        "{\"time\":\"2026-11-21T20:38:18.000005Z\",\"level\":\"info\",\"process\":\"smtpd\","
        "\"event\":\"x\",\"k\":\"a\\\"b\",\"n\":7}\n");
}

TEST_CASE("log: a long value is cut and says so", "[log]") {
  Fixture f;
  auto log = f.make(log::Level::info, log::Format::logfmt);
  log.info("x").with("k", std::string(5000, 'a'));
  CHECK(f.lines == kStart + "x k=\"" + std::string(log::Entry::kMaxValue, 'a') + "...\"\n");
}

TEST_CASE("log: what is below the level is not written", "[log]") {
  Fixture f;
  auto log = f.make(log::Level::warning, log::Format::logfmt);
  log.info("x").with("k", 1);
  log.debug("x");
  CHECK(f.lines.empty());
  log.warning("y");
  CHECK_FALSE(f.lines.empty());
}

TEST_CASE("log: buffered lines wait for flush, and an error takes them with it", "[log]") {
  Fixture f;
  auto log = f.make(log::Level::info, log::Format::logfmt);
  log.set_buffered(true);
  log.info("one");
  CHECK(f.lines.empty());
  log.flush();
  CHECK(f.lines == kStart + "one\n");
  log.info("two");
  log.error("three");
  CHECK(f.lines.find("event=two") < f.lines.find("event=three"));
}

TEST_CASE("log: levels have names", "[log]") {
  CHECK(log::parse_level("debug") == log::Level::debug);
  CHECK(log::parse_level("error") == log::Level::error);
  CHECK_FALSE(log::parse_level("loud"));
}

TEST_CASE("log: what belongs to a message or a session is kept as well, of any level", "[log]") {
  Fixture f;
  auto log = f.make(log::Level::info, log::Format::logfmt);
  std::string kept;
  log.debug("before").id("1");
  log.keep_for([&](std::string_view lines) { kept += lines; });
  log.set_buffered(true);
  log.debug("detail").session("s").with("k", 1);
  log.info("accepted").id("1");
  log.info("started");
  log.debug("nobody's");
  log.warning("lost").keep();
  CHECK(kept.empty());
  log.flush();
  CHECK(f.lines.find("detail") == std::string::npos);
  CHECK(f.lines.find("event=accepted id=1\n") != std::string::npos);
  CHECK(f.lines.find("event=started\n") != std::string::npos);
  CHECK(kept.find("level=debug process=smtpd event=detail session=s k=1\n") != std::string::npos);
  CHECK(kept.find("event=accepted id=1\n") != std::string::npos);
  CHECK(kept.find("event=lost\n") != std::string::npos);
  CHECK(kept.find("started") == std::string::npos);
  CHECK(kept.find("nobody") == std::string::npos);
  log.keep_for({});
  const std::string before = kept;
  log.info("accepted").id("2");
  log.flush();
  CHECK(kept == before);
}

TEST_CASE("log: a text may be longer than other values", "[log]") {
  Fixture f;
  auto log = f.make(log::Level::info, log::Format::logfmt);
  log.info("x").text("k", std::string(3000, 'a'), 2000);
  CHECK(f.lines == kStart + "x k=\"" + std::string(2000, 'a') + "...\"\n");
}

}  // namespace log_log_test

#include "common/trace/line.h"

#include <catch2/catch.hpp>

#include "common/log/log.h"
#include "common/trace/belonging.h"

namespace trace_line_test {

using namespace postrider;
using namespace std::chrono_literals;

namespace {

const std::string kStart =
    "time=2026-11-21T20:38:18.000005Z level=info process=smtpd event=accepted";

}  // namespace

TEST_CASE("trace line: what the log writes is read as it was given, in both forms", "[trace]") {
  const auto format = GENERATE(log::Format::logfmt, log::Format::json);
  const ManualClock clock(WallTime(1'795'293'498'000'005us));
  std::string written;
  log::Logger log("deliverd@remote", log::Level::debug, format, clock,
                  [&](std::string_view text) { written += text; });
  const std::string odd = "a\"b\\c=\n\x01 d\xc3\xa4, }";
  log.debug("attempt").id("00000000000000000001").with("reply", odd).with("empty", "").with("n", 7);
  REQUIRE(written.ends_with('\n'));
  const auto event = trace::parse_event(written.substr(0, written.size() - 1));
  REQUIRE(event);
  CHECK(event->time == clock.now());
  CHECK(event->process == "deliverd@remote");
  CHECK(event->name == "attempt");
  CHECK(trace::value_of(event->values, "id") == "00000000000000000001");
  CHECK(trace::value_of(event->values, "reply") == odd);
  CHECK(trace::value_of(event->values, "n") == "7");
  CHECK(event->values.size() == 4);
}

TEST_CASE("trace line: what is torn or forged is no line", "[trace]") {
  const std::string text = GENERATE_COPY(values<std::string>(
      {"", "x", kStart.substr(0, 40), kStart + " ", kStart + " a", kStart + " a=",
       kStart + " a=b\"", kStart + " a=\"b", kStart + " a=\"\\x\"", kStart + " a=\"\\u01\"",
       kStart + " =b", kStart + " A=b", kStart + "  a=b", kStart + " a=b\n", "level=info " + kStart,
       "time=2026-11-21T20:38:18Z level=info process=smtpd event=accepted"}));
  CAPTURE(text);
  CHECK_FALSE(trace::parse_event(text));
}

TEST_CASE("trace line: a line and its values have a budget", "[trace]") {
  std::string many = kStart;
  for (std::size_t i = 0; i < trace::kMaxPairs; ++i) many += " a=b";
  CHECK(trace::parse_event(many));
  CHECK_FALSE(trace::parse_event(many + " a=b"));
  CHECK_FALSE(trace::parse_line(kStart + " a=" + std::string(trace::kMaxLine, 'x')));
  CHECK_FALSE(trace::parse_event(kStart + " " + std::string(trace::kMaxKey + 1, 'k') + "=b"));
}

TEST_CASE("trace belonging: a message's line, its session's, and a report's", "[trace]") {
  const std::string one = "0d4f0f0f0f0000000001";
  const std::string two = "0d4f0f0f0f0000000002";
  CHECK(trace::owners_of({{"id", one}, {"session", two}}).size() == 1);
  CHECK(trace::owners_of({{"id", one}, {"of", two}}).size() == 2);
  CHECK(trace::owners_of({{"session", two}}).front().second == two);
  CHECK(trace::owners_of({{"id", "not an id"}}).empty());
  const trace::Values values{{"from", "<Ada@Here.test>"}, {"to", ""}, {"message_id", "<X@y>"}};
  CHECK(trace::names_of("accepted", values) == std::vector<std::string>{"ada@here.test", "x@y"});
  CHECK(trace::names_of("deferred", values).empty());
}

}  // namespace trace_line_test

#include "ctl/queue_summary.h"

#include <catch2/catch.hpp>

#include "ctl/terminal.h"

using namespace postrider;
using namespace postrider::ctl;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{std::chrono::hours{500'000}};

ipc::SummaryRow row(const std::string& destination, const std::string& reason,
                    std::uint64_t messages, std::chrono::microseconds age,
                    std::chrono::microseconds next = {}, const std::string& state = "deferred") {
  ipc::SummaryRow row;
  row.set_destination(destination);
  row.set_state(state);
  row.set_reason(reason);
  row.set_messages(messages);
  row.set_oldest_us((kNow - age).time_since_epoch().count());
  if (next.count() != 0) row.set_next_attempt_us((kNow + next).time_since_epoch().count());
  return row;
}

std::string told(const std::vector<ipc::SummaryRow>& rows) {
  std::string text;
  for (const WaitingReason& reason : reasons_of(rows)) text += to_line(reason, kNow) + '\n';
  return text;
}

}  // namespace

TEST_CASE("queue summary: reasons come first, those of the most messages before the others",
          "[ctl]") {
  CHECK(told({row("b.test", "451 greylisted", 2, 20min, 4min),
              row("a.test", "connection refused", 400, 2h),
              row("c.test", "connection refused", 12, 3h, 12min),
              row("b.test", "looks like spam", 1, 3 * 24h, {}, "held")}) ==
        "412 messages for a.test, c.test wait: connection refused; the oldest 3h, next try in 12m\n"
        "2 messages for b.test wait: 451 greylisted; the oldest 20m, next try in 4m\n"
        "1 message for b.test is held: looks like spam; the oldest 3d\n");
}

TEST_CASE("queue summary: of many destinations it says how many", "[ctl]") {
  std::vector<ipc::SummaryRow> rows;
  for (int i = 0; i < 4; ++i) rows.push_back(row(std::to_string(i) + ".test", "busy", 1, 1min));
  CHECK(told(rows) == "4 messages for 4 destinations wait: busy; the oldest 1m\n");
}

TEST_CASE("queue summary: a reply cannot control the terminal", "[ctl]") {
  CHECK(told({row("a.test", "no\x1b[2J", 1, 1min)}) ==
        "1 message for a.test waits: no\\x1b[2J; the oldest 1m\n");
}

TEST_CASE("terminal: text is broken at spaces, and a long word stays whole", "[ctl]") {
  CHECK(wrapped("one two three", 0) == "one two three\n");
  CHECK(wrapped("one two three", 13) == "one two three\n");
  CHECK(wrapped("one two three", 12) == "one two\n    three\n");
  CHECK(wrapped("one twothreefour five", 8) == "one\n    twothreefour\n    five\n");
  CHECK(wrapped("", 8) == "\n");
}

#include "ctl/queue_summary.h"

#include <catch2/catch.hpp>

#include "ctl/terminal.h"

namespace ctl_queue_summary_test {

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
  for (const WaitingCause& cause : causes_of(rows)) {
    text += to_line(cause) + '\n';
    for (const WaitingReason& reason : cause.reasons) text += to_line(reason, kNow) + '\n';
  }
  return text;
}

}  // namespace

TEST_CASE("queue summary: causes come in plain words, with the servers' words below", "[ctl]") {
  CHECK(told({row("b.test", "451 greylisted", 2, 20min, 4min),
              row("a.test", "connection refused", 400, 2h),
              row("c.test", "connection refused", 12, 3h, 12min),
              row("d.test", "connection timed out", 13, 3h),
              row("b.test", "looks like spam", 1, 3 * 24h, {}, "held"),
              row("e.test", "", 3, 1min)}) ==
        "up to 425 messages: The server for the address could not be reached.\n"
        "  up to 412 for a.test, c.test: connection refused; the oldest 3h, next try in 12m\n"
        "  13 for d.test: connection timed out; the oldest 3h\n"
        "3 messages: Not attempted yet.\n"
        "  3 for e.test; the oldest 1m\n"
        "2 messages: The server asks whom it does not know to come again later.\n"
        "  2 for b.test: 451 greylisted; the oldest 20m, next try in 4m\n"
        "1 message: Held until it is released.\n"
        "  1 for b.test: looks like spam; the oldest 3d\n");
}

TEST_CASE("queue summary: each reason has its cause", "[ctl]") {
  const auto [reason, state, cause] = GENERATE(table<std::string, std::string, std::string>({
      {"550 5.1.1 no such user", "deferred", "bad_address"},
      {"452 4.2.2 over quota", "deferred", "mailbox_full"},
      {"451 blocked by zen.spamhaus.org", "deferred", "reputation"},
      {"mx.a.test[192.0.2.1]: TLS failed: the certificate has expired", "deferred", "tls"},
      {"could not contact DNS servers", "deferred", "dns"},
      {"timed out while waiting for the greeting", "deferred", "unreachable"},
      {"what?", "deferred", "unknown"},
      {"", "deferred", "not_attempted"},
      {"over quota", "held", "held"},
      {"being attempted, or waiting for its turn", "active", "active"},
  }));
  CAPTURE(reason, state);
  CHECK(causes_of({row("a.test", reason, 1, 1min, {}, state)}).front().reasons.front().cause ==
        cause);
}

TEST_CASE("queue summary: where the words say nothing the status does", "[ctl]") {
  ipc::SummaryRow vague = row("a.test", "the mail store: No such file or directory", 1, 1min);
  CHECK(causes_of({vague}).front().reasons.front().cause == "unknown");
  vague.set_status("4.4.1");
  CHECK(causes_of({vague}).front().reasons.front().cause == "unreachable");
}

TEST_CASE("queue summary: of many destinations it says how many", "[ctl]") {
  std::vector<ipc::SummaryRow> rows;
  for (int i = 0; i < 4; ++i)
    rows.push_back(row(std::to_string(i) + ".test", "451 greylisted", 1, 1min));
  CHECK(told(rows).ends_with("\n  up to 4 for 4 destinations: 451 greylisted; the oldest 1m\n"));
}

TEST_CASE("queue summary: destinations in the same trouble are one line", "[ctl]") {
  CHECK(
      told({row("a.test", "a.test MX: no DNS server answered in time", 2, 1h),
            row("b.a.test", "b.a.test MX: no DNS server answered in time", 3, 2h)}) ==
      "up to 5 messages: The server for the address could not be looked up in DNS.\n"
      "  up to 5 for a.test, b.a.test: DOMAIN MX: no DNS server answered in time; the oldest 2h\n");
  CHECK(
      told({row("a.test", "waiting for mx:a.test: timed out since 2026-11-23 13:50 UTC", 2, 1h),
            row("b.test", "waiting for mx:b.test: timed out since 2026-11-23 13:51 UTC", 3, 2h)}) ==
      "up to 5 messages: The server for the address could not be reached.\n"
      "  up to 5 for a.test, b.test: waiting for mx:DOMAIN: timed out; the oldest 2h\n");
  CHECK(told({row("a.test", "a.test MX: no DNS server answered in time", 2, 1h)}) ==
        "2 messages: The server for the address could not be looked up in DNS.\n"
        "  2 for a.test: a.test MX: no DNS server answered in time; the oldest 1h\n");
}

TEST_CASE("queue summary: what was too much to be told apart is told as such", "[ctl]") {
  CHECK(told({row("(others)", "other reasons", 7, 2h), row("a.test", "what?", 2, 1h),
              row("(others)", "other reasons", 3, 3h, {}, "held")}) ==
        "up to 7 messages: Other reasons.\n"
        "  up to 7 for (others): other reasons; the oldest 2h\n"
        "up to 3 messages: Held until it is released.\n"
        "  up to 3 for (others): other reasons; the oldest 3h\n"
        "2 messages: The server gave no reason that we know: its words are below.\n"
        "  2 for a.test: what?; the oldest 1h\n");
}

TEST_CASE("queue summary: a reply cannot control the terminal", "[ctl]") {
  CHECK(told({row("a.test", "no\x1b[2J", 1, 1min)})
            .ends_with("\n  1 for a.test: no\\x1b[2J; the oldest 1m\n"));
}

TEST_CASE("terminal: text is broken at spaces, and a long word stays whole", "[ctl]") {
  CHECK(wrapped("one two three", 0) == "one two three\n");
  CHECK(wrapped("one two three", 13) == "one two three\n");
  CHECK(wrapped("one two three", 12) == "one two\n    three\n");
  CHECK(wrapped("one twothreefour five", 8) == "one\n    twothreefour\n    five\n");
  CHECK(wrapped("", 8) == "\n");
}

}  // namespace ctl_queue_summary_test

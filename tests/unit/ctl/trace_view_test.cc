#include "ctl/trace_view.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace ctl_trace_view_test {

using namespace postrider;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow(1'800'000'000s);
constexpr const char* kControl = "\x1b]0;owned\x07\x9b";

bool is_plain(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char octet) {
    return (octet >= 0 && octet < ' ' && octet != '\n') || octet == '\x7f' || octet == '\x9b';
  });
}

}  // namespace

TEST_CASE("trace view: no value of any event controls the terminal", "[ctl]") {
  const std::string bad = kControl;
  trace::Life life{.id = bad, .events = {}};
  for (const char* name :
       {"accepted", "waits", "held", "deferred", "bounced", "attempt", "other"}) {
    trace::Values values;
    for (const char* key : {"from", "to", "until", "reply", "remote", "status", "original", "helo",
                            "reason", "dialogue", "id", "by", "age_ms", "size"})
      values.emplace_back(key, bad);
    life.events.push_back({kNow, bad, name, std::move(values)});
  }
  CHECK(is_plain(ctl::to_text(life, {}, kNow)));
  const ctl::TracedMessage message{bad, ctl::outcome_of(life)};
  CHECK(is_plain(ctl::to_text({message, message}, 1)));
}

TEST_CASE("trace view: it is told how many events are not shown", "[ctl]") {
  const trace::Life whole{"06hh", {{kNow, "smtpd.1", "accepted", {{"to", "bob@there.test"}}}}};
  CHECK(ctl::to_text(whole, {}, kNow).find("Not all") == std::string::npos);
  trace::Life cut = whole;
  cut.left_out = 7;
  CHECK(ctl::to_text(cut, {}, kNow).find("Not all is shown: 7 events") != std::string::npos);
}

}  // namespace ctl_trace_view_test

#include "ctl/queue_advice.h"

#include <catch2/catch.hpp>

#include "common/message/cause.h"
#include "ctl/queue_reason.h"

namespace ctl_queue_advice_test {

using namespace postrider;

namespace {

std::string_view advice_on_reply(std::string_view status, std::string_view reply) {
  return ctl::advice_on(ctl::reason_of(status, reply).name);
}

}  // namespace

TEST_CASE("queue advice: each cause has whole sentences", "[ctl]") {
  for (int i = 0; i <= static_cast<int>(message::Cause::loop); ++i) {
    const auto name = message::name_of(static_cast<message::Cause>(i));
    CAPTURE(name);
    CHECK(ctl::advice_on(name).ends_with('.'));
  }
}

TEST_CASE("queue advice: what keeps mail waiting has advice of its own", "[ctl]") {
  const auto of_others = ctl::advice_on("unknown");
  struct Case {
    const char* status;
    const char* reply;
    const char* advice;
  };
  const auto c = GENERATE(values<Case>({
      {"4.4.1", "connection timed out", "port 25"},
      {"4.4.3", "a.test MX: no DNS server answered in time", "dns.servers"},
      {"4.2.2", "452 4.2.2 over quota", "make room"},
      {"4.7.1", "450 4.7.1 refused by local policy", "which rule"},
      {"4.3.5", "the mail directory cannot be written", "log of deliverd"},
      {"", "paused by the operator olga: they move house", "queue resume"},
      {"", "waits its turn: 40 are before it", "follows"},
      {"", "held back by its sender", "when its time has come"},
      {"", "", "deliverd runs"},
  }));
  CAPTURE(c.reply);
  const auto advice = advice_on_reply(c.status, c.reply);
  CHECK(advice.find(c.advice) != std::string_view::npos);
  CHECK(advice != of_others);
}

}  // namespace ctl_queue_advice_test

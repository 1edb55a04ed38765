#include "common/smtp/notify.h"

#include <catch2/catch.hpp>

namespace smtp_notify_test {

using namespace postrider::smtp;

TEST_CASE("smtp notify: a list is read in any case and order, and written in one", "[smtp]") {
  const auto [value, notify, written] = GENERATE(table<std::string, Notify, std::string>({
      {"NEVER", {false, false, false}, "NEVER"},
      {"never", {false, false, false}, "NEVER"},
      {"SUCCESS", {true, false, false}, "SUCCESS"},
      {"delay,Failure", {false, true, true}, "FAILURE,DELAY"},
      {"DELAY,SUCCESS,FAILURE", {true, true, true}, "SUCCESS,FAILURE,DELAY"},
      {"SUCCESS,SUCCESS", {true, false, false}, "SUCCESS"},
  }));
  CAPTURE(value);
  CHECK(parse_notify(value) == notify);
  CHECK(to_value(notify) == written);
}

TEST_CASE("smtp notify: NEVER stands alone, and nothing else is known", "[smtp]") {
  const auto* const value = GENERATE("", "NEVER,FAILURE", "FAILURE,NEVER", "ALWAYS", "SUCCESS,",
                                     ",SUCCESS", "SUCCESS DELAY", "SUCCESS;DELAY", "DELAYED");
  CAPTURE(value);
  CHECK_FALSE(parse_notify(value));
}

TEST_CASE("smtp notify: who does not say is told of failure and delay", "[smtp]") {
  CHECK(Notify{} == Notify{.success = false, .failure = true, .delay = true});
}

}  // namespace smtp_notify_test

#include "ctl/account_options.h"

#include <catch2/catch.hpp>

namespace ctl_account_options_test {

using namespace postrider;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{1'800'000'000s};

Result<directory::UserSettings> expiring(const std::string& when) {
  ctl::UserSettingOptions options;
  options.expires = when;
  return options.apply_to({.expires = 5}, kNow);
}

}  // namespace

TEST_CASE("account options: an expiry is a time or a span, or never", "[ctl]") {
  CHECK(expiring("never")->expires == 0);
  CHECK(expiring("1d")->expires == 1'800'086'400);
  CHECK(expiring("1970-01-01T00:00:01Z")->expires == 1);
  CHECK(expiring("2027-12-31")->expires == expiring("2027-12-31T00:00:00Z")->expires);
}

TEST_CASE("account options: a time that would be taken for never is refused", "[ctl]") {
  for (const char* when : {"1970-01-01", "1970-01-01T00:00:00Z", "1960-01-01", "soon", ""}) {
    CAPTURE(when);
    const auto settings = expiring(when);
    REQUIRE_FALSE(settings);
    CHECK(settings.error().kind == ErrorKind::invalid);
    CHECK(settings.error().text.find("is not a time") != std::string::npos);
  }
}

}  // namespace ctl_account_options_test

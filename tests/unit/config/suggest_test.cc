#include "common/config/suggest.h"

#include <array>
#include <string>

#include <catch2/catch.hpp>

namespace config_suggest_test {

using namespace postrider::config;

TEST_CASE("config suggest: the nearest name, if one is near", "[config]") {
  constexpr std::array<std::string_view, 4> kNames{"workers", "listen", "line_limit", ""};
  CHECK(nearest("wokers", kNames) == "workers");
  CHECK(nearest("listten", kNames) == "listen");
  CHECK(nearest("line_limits", kNames) == "line_limit");
  CHECK(nearest("lisp", kNames).empty());
  CHECK(nearest("", kNames) == "");
  CHECK(nearest(std::string(10'000, 'x'), kNames).empty());
  CHECK(did_you_mean("listne", kNames) == "; did you mean `listen`?");
  CHECK(did_you_mean("zebra", kNames).empty());
}

}  // namespace config_suggest_test

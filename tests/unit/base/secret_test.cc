#include "common/base/secret.h"

#include <type_traits>

#include <fmt/format.h>
#include <catch2/catch.hpp>

namespace base_secret_test {

using postrider::Secret;

TEST_CASE("secret: moves, and leaves nothing where it was", "[base]") {
  Secret first(std::string("correct horse battery staple"));
  const Secret second = std::move(first);
  CHECK(second.reveal() == "correct horse battery staple");
  CHECK(first.reveal().empty());  // NOLINT: what a moved-from Secret holds is the point
}

TEST_CASE("secret: cannot be copied or formatted", "[base]") {
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Secret>);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<Secret>::value);
}

}  // namespace base_secret_test

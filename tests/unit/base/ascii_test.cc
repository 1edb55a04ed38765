#include "common/base/ascii.h"

#include <catch2/catch.hpp>

namespace base_ascii_test {

using namespace postrider;

TEST_CASE("ascii: case is that of ASCII alone", "[base]") {
  CHECK(equals_ignoring_case("Mail FROM", "mAIL from"));
  CHECK_FALSE(equals_ignoring_case("mail", "mails"));
  CHECK_FALSE(equals_ignoring_case("[", "{"));
  CHECK_FALSE(equals_ignoring_case("\xc4", "\xe4"));
  CHECK(starts_with_ignoring_case("SIZE=10", "size="));
  CHECK_FALSE(starts_with_ignoring_case("SIZ", "size="));
  CHECK(to_lower("Ab\xc4Z") == "ab\xc4z");
}

TEST_CASE("ascii: trim takes blanks and line ends from both sides", "[base]") {
  CHECK(trim(" \ta b\r\n") == "a b");
  CHECK(trim(" \r\n\t").empty());
  CHECK(trim("").empty());
}

}  // namespace base_ascii_test

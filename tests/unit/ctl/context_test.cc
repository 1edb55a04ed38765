#include "ctl/context.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace postrider;

TEST_CASE("context: JSON has no character that could control the terminal", "[ctl]") {
  CHECK(ctl::one_line("a\x1b\x7f\xc2\x9b\xff") == "\"a\\u001b\\u007f\\u009b\\ufffd\"");
}

#include "common/base/base64.h"

#include <catch2/catch.hpp>

namespace base_base64_test {

using namespace postrider;

TEST_CASE("base64: octets become text and octets again", "[base]") {
  struct Case {
    std::string octets;
    std::string text;
  };
  // The first seven: RFC 4648 section 10.
  for (const Case& c : {Case{"", ""}, Case{"f", "Zg=="}, Case{"fo", "Zm8="}, Case{"foo", "Zm9v"},
                        Case{"foob", "Zm9vYg=="}, Case{"fooba", "Zm9vYmE="},
                        Case{"foobar", "Zm9vYmFy"}, Case{std::string("\0\0", 2), "AAA="},
                        Case{"\xff\xfe\xfb", "//77"}, Case{std::string("a\0", 2), "YQA="}}) {
    CAPTURE(c.text);
    CHECK(to_base64(c.octets) == c.text);
    CHECK(from_base64(c.text) == c.octets);
  }
}

TEST_CASE("base64: what is not exactly base64 stands for nothing", "[base]") {
  for (const std::string_view text :
       {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zm9v ", " Zm9v", "Zm9\n", "Zm-v", "Zm_v",
        "Zh==", "Zm9=", "Zg==Zg==", "Zg=v", "*", "Zm9\xc3"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64(text));
  }
}

}  // namespace base_base64_test

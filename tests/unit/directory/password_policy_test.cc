#include "common/directory/password_policy.h"

#include <catch2/catch.hpp>

namespace directory_password_policy_test {

using namespace postrider;
using namespace postrider::directory;

namespace {

bool may_be(const char* text) {
  PasswordPolicy policy;
  policy.min_length = 8;
  policy.common = CommonPasswords::built_in();
  return !fault_of(policy, {"anna.b", "example.org"}, Secret(text));
}

}  // namespace

TEST_CASE("password policy: length is counted in characters", "[directory]") {
  CHECK_FALSE(may_be("zwjrqtv"));
  CHECK(may_be("zwjrqtvk"));
  CHECK_FALSE(may_be("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"));  // four, eight octets
}

TEST_CASE("password policy: what nobody can type is refused, and what is too long", "[directory]") {
  for (const char* control : {"\t", "\r", "\x7f"})
    CHECK_FALSE(may_be(("correct horse" + std::string(control)).c_str()));
  const std::string longest(kMaxPassword - 1, 'x');
  CHECK(may_be((longest + "y").c_str()));
  CHECK_FALSE(may_be((longest + "yz").c_str()));
}

TEST_CASE("password policy: what is common is refused, with digits behind it too", "[directory]") {
  for (const char* text : {"password", "PassWord", "password2026!", "12345678", "Sunshine99",
                           "qwertyuiop", "changeme!!"}) {
    CAPTURE(text);
    CHECK_FALSE(may_be(text));
  }
  for (const char* text : {"sunshine over the password", "42password of mine", "zq84-ntl7-wf"}) {
    CAPTURE(text);
    CHECK(may_be(text));
  }
}

TEST_CASE("password policy: the user's own name and domain are refused", "[directory]") {
  for (const char* text : {"anna.b@example.org", "Anna.B12345", "example.org", "Example2027"}) {
    CAPTURE(text);
    CHECK_FALSE(may_be(text));
  }
}

TEST_CASE("password policy: a list of others takes the place of ours", "[directory][slow]") {
  const auto list = CommonPasswords::parse("#!list: x\r\nTruMpet horn\r\n\r\n");
  REQUIRE(list);
  CHECK(list->size() == 1);
  CHECK(list->contains("trumpet HORN"));
  CHECK_FALSE(list->contains("password"));
  CHECK_FALSE(CommonPasswords::parse(std::string(CommonPasswords::kMaxList + 1, 'x')));
  CHECK(CommonPasswords::built_in().size() > 400);
}

}  // namespace directory_password_policy_test

#include "ctl/password_line.h"

#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "common/directory/password_policy.h"

namespace ctl_password_line_test {

using namespace postrider;

namespace {

// The password, or what is wrong.
std::string read(const std::string& text) {
  std::istringstream in(text);
  const auto password = ctl::read_password(in);
  return password ? std::string(password->reveal()) : "error: " + password.error().text;
}

}  // namespace

TEST_CASE("password line: it is the first line, however that ends", "[ctl]") {
  for (const char* end : {"\n", "\r\n", "", "\r", "\nanother\n"})
    CHECK(read(std::string("correct horse") + end) == "correct horse");
}

TEST_CASE("password line: one that is too long for a password stays too long", "[ctl]") {
  const std::string longest(directory::kMaxPassword, 'x');
  CHECK(read(longest + "\r\n") == longest);
  for (const char* end : {"", "\n", "\r\n", "xxxxx\n"})
    CHECK(read(longest + "x" + end).size() > longest.size());
  CHECK(read("pass\rword\n") == "pass\rword");
}

TEST_CASE("password line: without a password there is none", "[ctl]") {
  CHECK(read("") == "error: no password on standard input");
  CHECK(read("\n") == "error: the password is empty");
  CHECK(read("\r\n") == "error: the password is empty");
}

}  // namespace ctl_password_line_test

#include "common/config/statements.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <catch2/catch.hpp>

namespace config_statements_test {

using namespace postrider::config;

namespace {

// "path=value" for each, with what is said of it.
std::vector<std::string> described(std::string_view text) {
  std::vector<std::string> all;
  for (const Statement& one : statements_of(text)) {
    const auto value = text.substr(one.value_begin, one.value_end - one.value_begin);
    all.push_back(fmt::format("{}{}{}{}{}{}", one.kind == Statement::Kind::element ? "+" : "",
                              fmt::join(one.path, "/"),
                              one.kind == Statement::Kind::value ? "=" : "", value,
                              one.has_comment ? " #" : "", one.in_element ? " in" : ""));
  }
  return all;
}

}  // namespace

TEST_CASE("config statements: keys with their tables, values to their last octet", "[config]") {
  using All = std::vector<std::string>;
  CHECK(described("a = 1\n") == All{"a=1"});
  CHECK(described("  a=1  # why\r\n\r\nb = 2") == All{"a=1 #", "b=2"});
  CHECK(described("[s]\na = \"x # y\"\n") == All{"s", "s/a=\"x # y\""});
  CHECK(described("[ s . \"t\" ] # c\na.b = 'x'\n") == All{"s/t #", "s/t/a/b='x'"});
  CHECK(described("[[r]]\na = 1\n[r.s]\nb = 2\n[t]\nc = 3\n") ==
        All{"+r in", "r/a=1 in", "r/s in", "r/s/b=2 in", "t", "t/c=3"});
  CHECK(described("a = [\n 1, # ]\n \"]\",\n [2],\n] # e\nb = 1\n") ==
        All{"a=[\n 1, # ]\n \"]\",\n [2],\n] #", "b=1"});
  CHECK(described("a = { b = \"}\", c = [1] }\n") == All{"a={ b = \"}\", c = [1] }"});
  CHECK(described("a = \"\"\"\nx\" = \\\"\"\"\"\"\nb = 1\n") ==
        All{"a=\"\"\"\nx\" = \\\"\"\"\"\"", "b=1"});
  CHECK(described("a = '''\n''' \nb = '\\'\n") == All{"a='''\n'''", "b='\\'"});
  CHECK(described("\xef\xbb\xbf"
                  "a = 1979-05-27 07:32:00 # t\n") == All{"a=1979-05-27 07:32:00 #"});
  CHECK(described("# only\n\n").empty());
}

TEST_CASE("config statements: what is no TOML stays within the text", "[config]") {
  for (const std::string_view text : {"[", "[[", "a", "a =", "a = \"", "a = \"\\", "=", "]",
                                      "a = [", "a = '''", "\"", ".", "[a\n[b", "a = \"\"\"\\"})
    for (const Statement& one : statements_of(text)) {
      CAPTURE(text);
      CHECK(one.line_end <= text.size());
      CHECK(one.value_end <= one.line_end);
      CHECK(one.value_begin <= one.value_end);
    }
}

}  // namespace config_statements_test

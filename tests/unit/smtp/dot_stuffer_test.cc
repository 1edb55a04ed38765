#include "common/smtp/dot_stuffer.h"

#include <catch2/catch.hpp>

namespace smtp_dot_stuffer_test {

using namespace postrider::smtp;

namespace {

std::string stuff(std::string_view content, std::size_t step) {
  DotStuffer stuffer;
  std::string out;
  for (std::size_t i = 0; i < content.size(); i += step)
    stuffer.append(content.substr(i, step), out);
  stuffer.finish(out);
  return out;
}

}  // namespace

TEST_CASE("smtp dot stuffer: leading dots are doubled and the end is CRLF.CRLF", "[smtp]") {
  struct Case {
    std::string_view content;
    std::string_view wire;
  };
  const auto c = GENERATE(values<Case>({
      {"", ".\r\n"},
      {"\r\n", "\r\n.\r\n"},
      {"a\r\n", "a\r\n.\r\n"},
      {"a", "a\r\n.\r\n"},
      {"a\r", "a\r\r\n.\r\n"},
      {"a\n", "a\n\r\n.\r\n"},
      {".", "..\r\n.\r\n"},
      {".\r\n", "..\r\n.\r\n"},
      {"..\r\n", "...\r\n.\r\n"},
      {"a.\r\n.b\r\n.c.\r\n", "a.\r\n..b\r\n..c.\r\n.\r\n"},
      {"a\r\n.\r\nQUIT\r\n", "a\r\n..\r\nQUIT\r\n.\r\n"},
      {"a.b.c...\r\n\r\n...", "a.b.c...\r\n\r\n....\r\n.\r\n"},
      // Not CRLF lines, but no server may see an end of data in them.
      {"a\n.\nMAIL\n", "a\n..\nMAIL\n\r\n.\r\n"},
      {"a\n.\r\nMAIL\r\n", "a\n..\r\nMAIL\r\n.\r\n"},
  }));
  CAPTURE(c.content);
  for (std::size_t step = 1; step <= c.content.size() + 1; ++step)
    CHECK(stuff(c.content, step) == c.wire);
}

}  // namespace smtp_dot_stuffer_test

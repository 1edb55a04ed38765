#include "common/maildir/line_ends.h"

#include <functional>

#include <catch2/catch.hpp>

namespace maildir_line_ends_test {

using namespace postrider::maildir;

namespace {

// Feeds `text` to a new converter in pieces of `step` octets.
template <typename Converter>
std::string convert(Converter converter, std::string_view text, std::size_t step) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += step) converter.append(text.substr(i, step), out);
  converter.finish(out);
  return out;
}

struct Row {
  std::string_view from, to;
};

}  // namespace

TEST_CASE("line ends: CRLF becomes LF, other CRs stay, however the text is cut", "[maildir]") {
  const auto row = GENERATE(values<Row>({
      {"", ""},
      {"a\r\nb\r\n", "a\nb\n"},
      {"\r\n\r\n", "\n\n"},
      {"a\rb\r\n", "a\rb\n"},
      {"\r\r\r\n", "\r\r\n"},
      {"a\r", "a\r"},
      {"\r\r", "\r\r"},
      {"a\nb", "a\nb"},
  }));
  for (std::size_t step = 1; step <= row.from.size() + 1; ++step)
    CHECK(convert(ToLf(), row.from, step) == row.to);
}

TEST_CASE("line ends: LF becomes CRLF and dots are stuffed, however the text is cut", "[maildir]") {
  const auto row = GENERATE(values<Row>({
      {"", ""},
      {"a\nb\n", "a\r\nb\r\n"},
      {".\n..\na.b\n", "..\r\n...\r\na.b\r\n"},
      {"\n\n.a", "\r\n\r\n..a\r\n"},
      {"no end", "no end\r\n"},
      {"a\r\nb\r", "a\r\nb\r\r\n"},
      {"\r\n", "\r\n"},
      {"a\rb\n", "a\rb\r\n"},
      {"\r.\n", "\r.\r\n"},
  }));
  for (std::size_t step = 1; step <= row.from.size() + 1; ++step)
    CHECK(convert(ToWire(), row.from, step) == row.to);
}

TEST_CASE("line ends: TOP ends after the header, the empty line and the lines asked for",
          "[maildir]") {
  struct Top {
    std::string_view from;
    std::uint64_t lines;
    std::string_view to;
  };
  const auto row = GENERATE(values<Top>({
      {"A: 1\nB: 2\n\none\ntwo\n", 0, "A: 1\r\nB: 2\r\n\r\n"},
      {"A: 1\nB: 2\n\none\ntwo\n", 1, "A: 1\r\nB: 2\r\n\r\none\r\n"},
      {"A: 1\n\n.one\n\ntwo", 2, "A: 1\r\n\r\n..one\r\n\r\n"},
      {"A: 1\n\n.one\n\ntwo", 9, "A: 1\r\n\r\n..one\r\n\r\ntwo\r\n"},
      {"A: 1\r\n\r\none\r\ntwo\r\n", 1, "A: 1\r\n\r\none\r\n"},
      {"A: 1", 5, "A: 1\r\n"},
      {"\nbody\n", 0, "\r\n"},
  }));
  for (std::size_t step = 1; step <= row.from.size(); ++step)
    CHECK(convert(ToWire(row.lines), row.from, step) == row.to);
}

TEST_CASE("line ends: the size told is the size sent, less the stuffed dots", "[maildir]") {
  const std::string_view text = GENERATE("", "a", "a\n", "a\r\nb\n", "\n\n", "a\rb\n\r\n", "a\r");
  for (std::size_t step = 1; step <= text.size() + 1; ++step) {
    WireSize size;
    for (std::size_t i = 0; i < text.size(); i += step) size.append(text.substr(i, step));
    CHECK(size.octets() == convert(ToWire(), text, 1).size());
  }
}

TEST_CASE("line ends: what was CRLF comes back the same", "[maildir]") {
  const std::string_view text = GENERATE("", "a\r\n.b\rc\r\n\r\n", "\r\n\r\n", "x\n");
  const std::string back = convert(ToWire(), convert(ToLf(), text, 3), 2);
  std::string stuffed(text == "x\n" ? "x\r\n" : text);
  if (const auto dot = stuffed.find("\n."); dot != std::string::npos) stuffed.insert(dot + 1, ".");
  CHECK(back == stuffed);
}

}  // namespace maildir_line_ends_test

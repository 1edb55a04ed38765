#include "common/smtp/data_reader.h"

#include <catch2/catch.hpp>

#include <string>

namespace smtp_data_reader_test {

using namespace std::string_view_literals;
using postrider::smtp::DataReader;
using Defect = DataReader::Defect;

namespace {

struct Seen {
  std::string content;
  std::string rest;  // what follows the message
  Defect defect = Defect::none;
  bool finished = false;
};

Seen read_in_steps(std::string_view bytes, std::size_t step, std::size_t line_limit) {
  Seen seen;
  DataReader reader(line_limit);
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    std::string_view input = bytes.substr(i, step);
    while (!input.empty() && !reader.finished()) seen.content += reader.read(input);
    seen.rest += input;
  }
  seen.defect = reader.defect();
  seen.finished = reader.finished();
  return seen;
}

struct Case {
  std::string_view bytes;
  std::string_view content;
  std::string_view rest;
  Defect defect = Defect::none;
  bool finished = true;
};

void check_every_split(const Case& row, std::size_t line_limit = DataReader::kTextLine) {
  CAPTURE(row.bytes);
  for (std::size_t step = 1; step <= row.bytes.size(); ++step) {
    CAPTURE(step);
    const Seen seen = read_in_steps(row.bytes, step, line_limit);
    CHECK(seen.finished == row.finished);
    CHECK(seen.defect == row.defect);
    CHECK(seen.rest == row.rest);
    if (row.defect == Defect::none) CHECK(seen.content == row.content);
  }
}

}  // namespace

TEST_CASE("smtp data reader: finds the end and takes the transparency dots away", "[smtp]") {
  check_every_split(GENERATE(values<Case>({
      {".\r\n", "", ""},
      {"a\r\n.\r\n", "a\r\n", ""},
      {"a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n"},
      {"a\r\n\r\nb\r\n.\r\n\0"sv, "a\r\n\r\nb\r\n", "\0"sv},
      {"..\r\n.\r\n", ".\r\n", ""},
      {"...a\r\n..b\r\n.\r\n", "..a\r\n.b\r\n", ""},
      {".a\r\n.\r\n", "a\r\n", ""},
      {"a.\r\nb .\r\n.\r\n", "a.\r\nb .\r\n", ""},
      {"\r\n\r\n.\r\n.\r\n", "\r\n\r\n", ".\r\n"},
      {"\xff\x80\r\n.\r\n", "\xff\x80\r\n", ""},
      {"a\r\n.", "a\r\n", "", Defect::none, false},
      {"a\r\n.\r", "a\r\n", "", Defect::none, false},
      {"a\r\n", "a\r\n", "", Defect::none, false},
  })));
}

TEST_CASE("smtp data reader: a bare CR or LF ends nothing, and the message is read to its true end",
          "[smtp]") {
  check_every_split(GENERATE(values<Case>({
      {"a\n.\n\r\n.\r\nQUIT", "", "QUIT", Defect::bare_line_end},
      {"a\n.\r\n\r\n.\r\nQUIT", "", "QUIT", Defect::bare_line_end},
      {"a\r\n.\n\r\n.\r\nQUIT", "", "QUIT", Defect::bare_line_end},
      {"a\r.\r\r\n.\r\nQUIT", "", "QUIT", Defect::bare_line_end},
      {"a\r\n.\r\r\n.\r\nQUIT", "", "QUIT", Defect::bare_line_end},
      {"a\r\r\n.\r\nQUIT", "", "QUIT", Defect::bare_line_end},
      {"a\r\n\r.\r\n\r\n.\r\nQUIT", "", "QUIT", Defect::bare_line_end},
      {"a\n.\r\n", "", "", Defect::bare_line_end, false},
      {".\n.\r\n", "", "", Defect::bare_line_end, false},
      {".\r.\r\n\r\n.\r\n", "", "", Defect::bare_line_end},
      {"\n.\r\n", "", "", Defect::bare_line_end, false},
      {"a\rb\r\n.\r\n", "", "", Defect::bare_line_end},
  })));
}

TEST_CASE("smtp data reader: NUL is a defect, and hides no end", "[smtp]") {
  check_every_split(GENERATE(values<Case>({
      {"a\0b\r\n.\r\nQUIT"sv, "", "QUIT", Defect::nul},
      {"a\r\n\0.\r\n.\r\nQUIT"sv, "", "QUIT", Defect::nul},
      {"a\r\n.\0\r\n.\r\nQUIT"sv, "", "QUIT", Defect::nul},
      {"a\r\0\n.\r\n.\r\nQUIT"sv, "", "QUIT", Defect::bare_line_end},
  })));
}

TEST_CASE("smtp data reader: the limit of a text line counts its CRLF and not its extra dot",
          "[smtp]") {
  check_every_split({"12345678\r\n.\r\n", "12345678\r\n", ""}, 10);
  check_every_split({".12345678\r\n.\r\n", "12345678\r\n", ""}, 10);
  check_every_split({"1\r\n12345678\r\n.\r\n", "1\r\n12345678\r\n", ""}, 10);
  check_every_split({"123456789\r\n.\r\nQUIT", "", "QUIT", Defect::long_line}, 10);
  check_every_split({"1234567890123", "", "", Defect::long_line, false}, 10);
}

TEST_CASE("smtp data reader: in chunks a dot is text, and nothing but their end ends the message",
          "[smtp]") {
  const auto [bytes, defect] = GENERATE(table<std::string, Defect>({
      {"", Defect::none},
      {".\r\n..\r\nQUIT\r\n.\r\n", Defect::none},
      {"no line end", Defect::none},
      {"a\r\n\r\n", Defect::none},
      {"a\n.\r\n", Defect::bare_line_end},
      {"a\r", Defect::bare_line_end},
      {std::string("a\0b", 3), Defect::nul},
      {std::string(1001, 'x'), Defect::long_line},
  }));
  CAPTURE(bytes);
  for (std::size_t step = 1; step <= bytes.size() + 1; step += step < 40 ? 1 : 500) {
    DataReader reader(DataReader::kTextLine, DataReader::Framing::chunks);
    std::string content;
    for (std::size_t i = 0; i < bytes.size(); i += step) {
      std::string_view input = std::string_view(bytes).substr(i, step);
      content += reader.read(input);
      CHECK(input.empty());
      CHECK_FALSE(reader.finished());
    }
    reader.end();
    CHECK(reader.finished());
    CHECK(reader.defect() == defect);
    if (defect == Defect::none) CHECK(content == bytes);
  }
}

}  // namespace smtp_data_reader_test

#include "common/smtp/command_reader.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "common/smtp/parameters.h"

namespace smtp_command_reader_test {

using namespace std::string_view_literals;
using postrider::smtp::CommandReader;
using Kind = CommandReader::Kind;

namespace {

// What is taken from `bytes`, a word each: a line in brackets, or what kind of no line it was.
std::string take_in_steps(std::string_view bytes, std::size_t step, std::size_t limit) {
  std::string seen;
  std::string held;
  CommandReader reader(limit);
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    held += bytes.substr(i, step);
    std::string_view input = held;
    for (auto taken = reader.take(input); taken.kind != Kind::incomplete;
         taken = reader.take(input)) {
      if (taken.kind == Kind::line) seen += "[" + std::string(taken.line) + "]";
      if (taken.kind == Kind::too_long) seen += "long ";
      if (taken.kind == Kind::malformed) seen += "malformed ";
      if (taken.kind == Kind::alien) seen += "alien ";
    }
    held = std::string(input);
    CHECK(held.size() < limit + 64);
  }
  return seen;
}

}  // namespace

TEST_CASE("smtp command reader: lines, and what is none, however the bytes are cut", "[smtp]") {
  struct Row {
    std::string_view bytes;
    std::string_view seen;
  };
  const auto row = GENERATE(values<Row>({
      {"NOOP\r\nQUIT\r\n", "[NOOP][QUIT]"},
      {"\r\n\r\n", "[][]"},
      {"NOOP", ""},
      {"NOOP\r", ""},
      {"NOOP\nQUIT\r\nRSET\r\n", "malformed [RSET]"},
      {"\nQUIT\r\nRSET\r\n", "malformed [RSET]"},
      {"NO\rOP\r\nRSET\r\n", "malformed [RSET]"},
      {"NO\0OP\r\nRSET\r\n"sv, "malformed [RSET]"},
      {"NO\tOP\r\nRSET\r\n", "malformed [RSET]"},
      {"\x16\x03\x01\x02\r\nRSET\r\n", "alien [RSET]"},
      {"\xff\xf4\r\nRSET\r\n", "alien [RSET]"},
      {"NOOP 89012345678\r\nRSET\r\n", "[NOOP 89012345678][RSET]"},
      {"NOOP 890123456789\r\nRSET\r\n", "long [RSET]"},
      {"NOOP 89012345678901234567890\r\r\r\nRSET\r\n", "long [RSET]"},
      {"NOOP 89012345678901234567890\nRSET\nQUIT\r\nRSET\r\n", "long [RSET]"},
  }));
  CAPTURE(row.bytes);
  for (std::size_t step = 1; step <= row.bytes.size(); ++step)
    CHECK(take_in_steps(row.bytes, step, 18) == row.seen);
}

TEST_CASE("smtp command reader: MAIL and RCPT may be longer by what their parameters need",
          "[smtp]") {
  using namespace postrider::smtp;
  const auto [verb, more] = GENERATE(table<std::string, std::size_t>({
      {"NOOP", 0},
      {"MAIL", kMailParameterOctets},
      {"rcpt", kRcptParameterOctets},
      {"VRFY", kUtf8ParameterOctets},
      {"EXPN", kUtf8ParameterOctets},
  }));
  const std::size_t limit = CommandReader::kCommandLine + more;
  const auto kind_of = [&, verb = verb](std::size_t octets) {
    const std::string line = verb + std::string(octets - verb.size() - 2, 'x') + "\r\n";
    std::string_view input = line;
    return CommandReader().take(input).kind;
  };
  CHECK(kind_of(limit) == Kind::line);
  CHECK(kind_of(limit + 1) == Kind::too_long);
}

}  // namespace smtp_command_reader_test

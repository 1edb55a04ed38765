#include "common/message/header_scanner.h"

#include <catch2/catch.hpp>

#include <vector>

namespace message_header_scanner_test {

using postrider::message::HeaderScanner;

namespace {

struct Seen {
  std::vector<std::string> fields;  // "name=value"
  bool done = false;
  std::uint64_t octets = 0;
  bool operator==(const Seen&) const = default;
};

Seen scan(std::string_view bytes, std::size_t step) {
  Seen seen;
  HeaderScanner scanner([&](std::string_view name, std::string_view value) {
    seen.fields.push_back(std::string(name) + "=" + std::string(value));
  });
  for (std::size_t i = 0; i < bytes.size(); i += step) scanner.feed(bytes.substr(i, step));
  seen.done = scanner.done();
  seen.octets = scanner.octets();
  scanner.finish();
  return seen;
}

struct Case {
  std::string_view bytes;
  Seen expected;
};

}  // namespace

TEST_CASE("header scanner: fields are reported unfolded, however the bytes are cut", "[message]") {
  const auto row = GENERATE(values<Case>({
      {"A: b\r\n\r\nbody: x\r\n", {{"A=b"}, true, 8}},
      {"\rA: b\r\n\r c\r\n\r\r\nbody: x\r\n", {{"A=b c"}, true, 15}},
      {"A: b\nC:d\n\nbody: x\n", {{"A=b", "C=d"}, true, 10}},
      {"Subject: one\r\n two\r\n\tthree\r\nX:\r\n\r\n",
       {{"Subject=one two\tthree", "X="}, true, 34}},
      {"\r\nbody", {{}, true, 2}},
      {"A: b", {{"A=b"}, false, 4}},
      {"A: b\r\n", {{"A=b"}, false, 6}},
      {"", {{}, false, 0}},
      {"A : b\r\n\r\n", {{"A=b"}, true, 9}},
      {"From x@y Sat\r\nA: b\r\nno field\r\n\r\n", {{"A=b"}, true, 32}},
      {": b\r\na b: c\r\n folded: d\r\n\r\n", {{}, true, 27}},
      {" leading: x\r\nA: b\r\n\r\n", {{"A=b"}, true, 21}},
  }));
  CAPTURE(row.bytes);
  for (std::size_t step = 1; step <= row.bytes.size() + 1; ++step) {
    const Seen seen = scan(row.bytes, step);
    CHECK(seen.fields == row.expected.fields);
    CHECK(seen.done == row.expected.done);
    CHECK(seen.octets == row.expected.octets);
  }
}

TEST_CASE("header scanner: keeps no more of a field than its limit", "[message]") {
  std::size_t longest = 0;
  HeaderScanner scanner(
      [&](std::string_view name, std::string_view value) { longest = name.size() + value.size(); });
  scanner.feed("A:");
  for (int i = 0; i < 1000; ++i) scanner.feed(std::string(100, 'x') + "\r\n ");
  scanner.feed("\r\n\r\n");
  CHECK(scanner.done());
  CHECK(longest <= HeaderScanner::kMaxFieldOctets);
  CHECK(longest > HeaderScanner::kMaxFieldOctets - 10);
}

TEST_CASE("header scanner: the CR is no part of a line, of a field that is cut neither",
          "[message]") {
  const std::string_view end = GENERATE(as<std::string_view>(), "\r\n", "\n");
  const std::size_t step = GENERATE(1U, 7U, 100000U);
  std::string header = "A:" + std::string(996, 'x') + std::string(end);
  for (int i = 0; i < 20; ++i) header += " " + std::string(997, 'y') + std::string(end);
  HeaderScanner scanner([](std::string_view, std::string_view) {});
  for (std::size_t i = 0; i < header.size(); i += step)
    scanner.feed(std::string_view(header).substr(i, step));
  CHECK(scanner.longest_line() == 998);
}

}  // namespace message_header_scanner_test

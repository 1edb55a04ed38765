#include "common/smtp/reply_parser.h"

#include <vector>

#include <catch2/catch.hpp>

namespace smtp_reply_parser_test {

using namespace postrider::smtp;

namespace {

struct Parsed {
  std::vector<Reply> replies;
  bool malformed = false;
  bool operator==(const Parsed&) const = default;
};

// What the parser makes of `wire` when it comes in portions of `step` octets.
Parsed parse(std::string_view wire, std::size_t step) {
  ReplyParser parser;
  Parsed parsed;
  for (std::size_t i = 0; i < wire.size(); i += step) {
    std::string_view portion = wire.substr(i, step);
    while (!portion.empty()) {
      const auto status = parser.parse(portion);
      if (status == ReplyParser::Status::malformed) {
        parsed.malformed = true;
        return parsed;
      }
      if (status == ReplyParser::Status::complete) parsed.replies.push_back(parser.take());
    }
  }
  return parsed;
}

}  // namespace

TEST_CASE("smtp reply parser: replies are read with their status codes split off", "[smtp]") {
  struct Case {
    std::string_view wire;
    Reply reply;
  };
  const auto c = GENERATE(values<Case>({
      {"220 mx.test ESMTP\r\n", {220, "", "mx.test ESMTP"}},
      {"250 2.1.0 ok\r\n", {250, "2.1.0", "ok"}},
      {"250 2.1.0\r\n", {250, "2.1.0", ""}},
      {"354\r\n", {354, "", ""}},
      {"354 \r\n", {354, "", ""}},
      {"250-mx.test\r\n250-SIZE 1000\r\n250 8BITMIME\r\n",
       {250, "", "mx.test\nSIZE 1000\n8BITMIME"}},
      {"550-5.7.1 not here\r\n550 5.7.1 read the page\r\n",
       {550, "5.7.1", "not here\nread the page"}},
      {"550-5.7.1 not here\r\n550 bye\r\n", {550, "5.7.1", "not here\nbye"}},
      {"550-\r\n550 bye\r\n", {550, "", "\nbye"}},
      {"550 4.7.1 the class is not the code's\r\n", {550, "", "4.7.1 the class is not the code's"}},
      {"250 2.1 short\r\n", {250, "", "2.1 short"}},
      {"250 2.1.0.5 long\r\n", {250, "", "2.1.0.5 long"}},
      {"250 2.1234.0 long\r\n", {250, "", "2.1234.0 long"}},
      {"354 3.0.0 no such class\r\n", {354, "", "3.0.0 no such class"}},
      {"250 ok\n", {250, "", "ok"}},
      {"571 odd\r\n", {571, "", "odd"}},
  }));
  CAPTURE(c.wire);
  for (std::size_t step = 1; step <= c.wire.size(); ++step)
    CHECK(parse(c.wire, step) == Parsed{{c.reply}, false});
}

TEST_CASE("smtp reply parser: replies that come together are told apart", "[smtp]") {
  const std::string_view wire = "250 2.1.0 a\r\n550-5.1.1 b\r\n550 5.1.1 c\r\n354 go\r\n";
  for (std::size_t step = 1; step <= wire.size(); ++step)
    CHECK(parse(wire, step) ==
          Parsed{{{250, "2.1.0", "a"}, {550, "5.1.1", "b\nc"}, {354, "", "go"}}, false});
}

TEST_CASE("smtp reply parser: what is no reply is malformed", "[smtp]") {
  const auto wire = GENERATE(values<std::string>({
      "\r\n",
      "ok\r\n",
      "25\r\n",
      "25x ok\r\n",
      "150 ok\r\n",
      "650 ok\r\n",
      "250_ok\r\n",
      "2500\r\n",
      "250-a\r\n251 b\r\n",
      "250-a\r\nb\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n",
      "HTTP/1.1 400 Bad Request\r\n",
      std::string("\0\0\0\r\n", 5),
  }));
  CAPTURE(wire);
  for (std::size_t step = 1; step <= wire.size(); ++step) CHECK(parse(wire, step).malformed);
}

TEST_CASE("smtp reply parser: lines and octets of a reply are bounded", "[smtp]") {
  const auto lines = [](std::size_t n) {
    std::string wire;
    for (std::size_t i = 1; i < n; ++i) wire += "250-x\r\n";
    return wire + "250 x\r\n";
  };
  CHECK_FALSE(parse(lines(ReplyParser::kMaxLines), 1000).malformed);
  CHECK(parse(lines(ReplyParser::kMaxLines + 1), 1000).malformed);

  const std::string longest = "250 " + std::string(ReplyParser::kMaxLine - 6, 'x') + "\r\n";
  CHECK_FALSE(parse(longest, 7).malformed);
  CHECK(parse("250 x" + longest.substr(4), 7).malformed);
  CHECK(parse(std::string(ReplyParser::kMaxLine + 1, '2'), 1).malformed);

  std::string many;
  while (many.size() <= ReplyParser::kMaxOctets) many += "250-" + longest.substr(4);
  CHECK(parse(many, 4096).malformed);
}

TEST_CASE("smtp reply parser: it tells whether a reply has begun", "[smtp]") {
  ReplyParser parser;
  const std::string_view wire = "250-a\r\n250 b\r\n";
  for (std::size_t i = 0; i < wire.size(); ++i) {
    CHECK(parser.amid_reply() == (i > 0));
    std::string_view octet = wire.substr(i, 1);
    parser.parse(octet);
  }
  parser.take();
  CHECK_FALSE(parser.amid_reply());
}

TEST_CASE("smtp reply parser: the budget begins anew with each reply", "[smtp]") {
  std::string wire;
  while (wire.size() < 3 * ReplyParser::kMaxOctets) wire += "250 2.0.0 ok\r\n";
  CHECK_FALSE(parse(wire, 1013).malformed);
}

}  // namespace smtp_reply_parser_test

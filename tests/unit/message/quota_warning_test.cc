#include "common/message/quota_warning.h"

#include <catch2/catch.hpp>

namespace message_quota_warning_test {

using namespace postrider;

namespace {

message::QuotaWarning warning() {
  return {.mailbox = "anna@example.org",
          .hostname = "mx.example.org",
          .id = "0123456789abcdefghij",
          .time = WallTime(std::chrono::seconds(1'800'000'000)),
          .percent = 83,
          .size_limit = "5GiB"};
}

}  // namespace

TEST_CASE("quota warning: it says how full the mailbox is, what to do and whom to ask",
          "[message]") {
  const std::string text = quota_warning(warning());
  for (const char* part :
       {"From: Postmaster <postmaster@example.org>\r\n", "To: <anna@example.org>\r\n",
        "Subject: Your mailbox is 83 percent full\r\n", "Auto-Submitted: auto-generated\r\n",
        "Message-ID: <0123456789abcdefghij@mx.example.org>\r\n",
        "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n",
        "Your mailbox <anna@example.org> is 83 percent full. It may hold 5GiB.\r\n",
        "If you need help, ask <postmaster@example.org>.\r\n"}) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("quota warning: messages are told of where they have a limit", "[message]") {
  auto one = warning();
  one.messages = 830;
  one.messages_limit = 1000;
  CHECK(quota_warning(one).find("It may hold 5GiB, and has\r\n830 of 1000 messages.") !=
        std::string::npos);
  one.size_limit.clear();
  CHECK(quota_warning(one).find("It has 830 of 1000") != std::string::npos);
}

TEST_CASE(
    "quota warning: every line ends with CRLF and is short, and no name breaks out of its own",
    "[message]") {
  auto one = warning();
  one.mailbox = "an\r\nBcc: x@y.test, a@example.org";
  const std::string text = quota_warning(one);
  CHECK(text.find("\r\nBcc:") == std::string::npos);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    CHECK(text[end - 1] == '\r');
    CHECK(end - at <= 100);
    at = end + 1;
  }
}

}  // namespace message_quota_warning_test

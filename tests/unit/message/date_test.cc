#include "common/message/date.h"

#include <catch2/catch.hpp>

namespace message_date_test {

using namespace postrider;

TEST_CASE("message date: is written in UTC as RFC 5322 has it", "[message]") {
  const auto at = [](long long seconds) { return WallTime(std::chrono::seconds(seconds)); };
  CHECK(message::rfc5322_date(at(0)) == "Thu, 1 Jan 1970 00:00:00 +0000");
  CHECK(message::rfc5322_date(at(1'795'293'498)) == "Sat, 21 Nov 2026 20:38:18 +0000");
  CHECK(message::rfc5322_date(at(951'782'400)) == "Tue, 29 Feb 2000 00:00:00 +0000");
}

}  // namespace message_date_test

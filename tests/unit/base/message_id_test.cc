#include "common/base/message_id.h"

#include <set>

#include <catch2/catch.hpp>

namespace base_message_id_test {

using namespace postrider;
using namespace std::chrono_literals;

TEST_CASE("message id: ids of one writer differ, and sort by time", "[base]") {
  ManualClock clock;
  MessageIdSource source(clock, 3, 12345);
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(source.next().str());
  CHECK(seen.size() == 10'000);
  clock.advance(1ms);
  CHECK(source.next().str() > *seen.rbegin());
}

TEST_CASE("message id: two writers that begin alike never meet", "[base]") {
  ManualClock clock;
  MessageIdSource one(clock, 0, 7);
  MessageIdSource other(clock, MessageId::kWriters - 1, 7);
  for (int i = 0; i < 1000; ++i) CHECK(one.next() != other.next());
}

TEST_CASE("message id: knows its time", "[base]") {
  ManualClock clock(WallTime(1'795'293'498'123ms));
  CHECK(MessageIdSource(clock, 1023, 99).next().time() == clock.now());
}

TEST_CASE("message id: what is derived is the same each time, and another for each key", "[base]") {
  ManualClock clock;
  MessageIdSource source(clock, 3, 12345);
  const MessageId one = source.next();
  const MessageId other = source.next();
  const MessageId derived = MessageId::derived(one, 1);
  CHECK(derived == MessageId::derived(one, 1));
  CHECK(derived.time() == one.time());
  CHECK(MessageId::parse(derived.view()) == derived);
  CHECK(std::set{one, other, derived, MessageId::derived(one, 2), MessageId::derived(other, 1)}
            .size() == 5);
}

TEST_CASE("message id: only twenty letters and digits of base 32 are one", "[base]") {
  CHECK(MessageId::parse("0123456789abcdefghij"));
  CHECK(MessageId::parse("0123456789abcdefghij")->str() == "0123456789abcdefghij");
  const auto wrong = GENERATE(values<std::string>(
      {"", "0", "0123456789abcdefghi", "0123456789abcdefghijk", "0123456789abcdefghiw",
       "0123456789ABCDEFGHIJ", "../../../etc/passwd."}));
  CHECK_FALSE(MessageId::parse(wrong));
}

}  // namespace base_message_id_test

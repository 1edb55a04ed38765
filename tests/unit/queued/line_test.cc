#include "queued/line.h"

#include <list>

#include <catch2/catch.hpp>

namespace queued_line_test {

using namespace postrider::queued;

namespace {

// Messages named by a number, and a line of work for them.
struct Fixture {
  Message& push(std::uint64_t octets, std::size_t recipients = 1, int priority = 0) {
    Message& message = messages.emplace_back();
    message.data.envelope.set_priority(priority);
    message.data.content_length = octets;
    message.data.recipients.resize(recipients);
    message.data.attempts = static_cast<std::uint32_t>(messages.size());
    line.push({.message = &message});
    return message;
  }
  std::uint32_t pop() { return line.pop().message->data.attempts; }

  std::list<Message> messages;
  Line line;
};

}  // namespace

TEST_CASE("queued line: messages of a kind go first come first served", "[queued]") {
  const std::uint64_t octets = GENERATE(1U, 10'000'000U);
  Fixture f;
  for (int i = 0; i < 3; ++i) f.push(octets);
  CHECK(f.pop() == 1);
  CHECK(f.pop() == 2);
  CHECK(f.pop() == 3);
  CHECK(f.line.empty());
}

TEST_CASE("queued line: small mail for few overtakes what is large or for many", "[queued]") {
  const auto [octets, recipients, overtaken] = GENERATE(table<std::uint64_t, std::size_t, bool>({
      {Line::kLightOctets, Line::kLightRecipients, false},
      {Line::kLightOctets + 1, 1, true},
      {1, Line::kLightRecipients + 1, true},
  }));
  Fixture f;
  f.push(octets, recipients);
  f.push(1);
  CHECK(f.pop() == (overtaken ? 2 : 1));
}

TEST_CASE("queued line: heavy work waits for four light ones at most, each time", "[queued]") {
  Fixture f;
  for (int i = 0; i < 3; ++i) f.push(1'000'000);
  for (int i = 0; i < 100; ++i) f.push(1);
  std::vector<int> turns;
  for (int turn = 1; turn <= 20; ++turn)
    if (f.pop() <= 3) turns.push_back(turn);
  CHECK(turns == std::vector<int>{5, 10, 15});
}

TEST_CASE("queued line: light work that comes to heavy goes at once or after one of them",
          "[queued]") {
  Fixture f;
  for (int i = 0; i < 5; ++i) f.push(1'000'000);
  f.pop();
  f.push(1);
  CHECK(f.pop() == 6);
  CHECK(f.pop() == 2);
}

TEST_CASE("queued line: what is given back stands where it stood, in the order in which it went",
          "[queued]") {
  Fixture f;
  for (int i = 0; i < 4; ++i) f.push(1);
  std::vector<postrider::queued::Work> gone;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    gone.push_back(f.line.pop());
    gone.back().ordinal = i;
  }
  for (const std::size_t i : {1U, 0U, 2U}) f.line.put_back(gone[i]);
  for (unsigned i = 1; i <= 4; ++i) CHECK(f.pop() == i);
}

TEST_CASE("queued line: heavy work that is given back does not go before lighter", "[queued]") {
  Fixture f;
  f.push(1'000'000);
  postrider::queued::Work heavy = f.line.pop();
  heavy.ordinal = 1;
  f.push(1);
  f.line.put_back(heavy);
  CHECK(f.pop() == 2);
  CHECK(f.pop() == 1);
}

TEST_CASE("queued line: those that would wait longest are taken, and no more than there are",
          "[queued]") {
  Fixture f;
  for (const std::uint64_t octets : {1U, 1'000'000U, 1U, 1'000'000U}) f.push(octets);
  const auto taken = f.line.take_last(3);
  REQUIRE(taken.size() == 3);
  CHECK(taken[0].message->data.attempts == 4);
  CHECK(taken[1].message->data.attempts == 2);
  CHECK(taken[2].message->data.attempts == 3);
  CHECK(f.line.take_last(3).size() == 1);
  CHECK(f.line.empty());
}

TEST_CASE("queued line: urgent mail goes first, and leaves every fifth turn to others",
          "[queued]") {
  Fixture f;
  f.push(1, 1, -1);
  f.push(1);
  f.push(1);
  for (int i = 0; i < 20; ++i) f.push(1'000'000, 100, 9);
  std::vector<std::uint32_t> others;
  for (int turn = 1; turn <= 15; ++turn) {
    const std::uint32_t one = f.pop();
    CHECK((turn % 5 == 0) == (one <= 3));
    if (one <= 3) others.push_back(one);
  }
  CHECK(others == std::vector<std::uint32_t>{2, 3, 1});
}

TEST_CASE("queued line: what is not urgent waits with the heavy work, and is the first to be taken",
          "[queued]") {
  Fixture f;
  f.push(1, 1, 1);
  f.push(1, 1, -1);
  f.push(1);
  const auto taken = f.line.take_last(2);
  CHECK(taken[0].message->data.attempts == 2);
  CHECK(taken[1].message->data.attempts == 3);
  CHECK(f.pop() == 1);
}

}  // namespace queued_line_test

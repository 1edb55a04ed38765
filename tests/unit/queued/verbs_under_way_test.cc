// What an operator does to a message while it is attempted.
#include <catch2/catch.hpp>

#include "tests/unit/queued/verbs_fixture.h"

namespace queued_verbs_under_way_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::all_messages;
using test::Request;
using Fixture = test::VerbsFixture;

TEST_CASE("queued verbs: who is refused after the message was held or deleted is not reported",
          "[queued]") {
  Fixture f;
  const auto [stop, go_on] = GENERATE(table<Request::Verb, Request::Verb>(
      {{Request::HOLD, Request::RELEASE}, {Request::DELETE, Request::UNDELETE}}));
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return Fixture::result(ipc::FAILED, "550 no such user");
  };
  f.keeps = [](const ipc::Job&) { return true; };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  REQUIRE(f.kept() == 1);
  CHECK(f.operate(stop, all_messages(), "a test") == 1U);
  f.keeps = [](const ipc::Job&) { return false; };
  f.answer_kept();
  f.settle();
  CHECK(f.life->reports.sent.empty());
  CHECK(f.events("bounced") == 0);
  CHECK(f.operate(go_on, all_messages()) == 1U);
  f.settle();
  CHECK(f.life->reports.sent.size() == 1);
  CHECK(f.events("bounced") == 1);
}

TEST_CASE("queued verbs: who is refused after the message was erased is deleted, not reported",
          "[queued]") {
  Fixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return Fixture::result(ipc::FAILED, "550 no such user");
  };
  f.keeps = [](const ipc::Job&) { return true; };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.operate(Request::ERASE, all_messages()) == 1U);
  f.answer_kept();
  f.settle();
  CHECK(f.life->reports.sent.empty());
  CHECK(f.events("bounced") == 0);
  CHECK(f.events("deleted") == 1);
}

TEST_CASE("queued verbs: what could not be reported yet is not once the message is held",
          "[queued]") {
  Fixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return Fixture::result(ipc::FAILED, "550 no such user");
  };
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.life->reports.broken = true;
  f.settle();
  CHECK(f.operate(Request::HOLD, all_messages(), "a test") == 1U);
  f.life->reports.broken = false;
  f.clock.advance(queued::Queue::kWriteRetry);
  f.settle();
  CHECK(f.life->reports.sent.empty());
  CHECK(f.state(id) == "held");
  CHECK(f.operate(Request::RELEASE, all_messages()) == 1U);
  f.settle();
  CHECK(f.life->reports.sent.size() == 1);
}

}  // namespace queued_verbs_under_way_test

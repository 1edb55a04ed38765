#include "queued/verbs.h"

#include "tests/unit/queued/verbs_fixture.h"

namespace queued_verbs_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::all_messages;
using test::Lines;
using test::message_of;
using test::QueueFixture;
using test::Request;
using Fixture = test::VerbsFixture;

TEST_CASE("queued verbs: what an operator began is done and logged when nobody waits any more",
          "[queued]") {
  Fixture f;
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  PendingPtr asked =
      f.life->verbs.carry_out(test::act_of(Request::ERASE, all_messages()), {}, "--all",
                              [](const Result<queued::Verbs::Progress>&) { FAIL("told"); });
  asked.reset();
  f.run_until([&] { return f.events("operator_act") == 1; });
  CHECK(f.logged.find("event=deleted id=" + id) != std::string::npos);
  CHECK_FALSE(f.on_disk(id));
}

TEST_CASE("queued verbs: what comes into memory while a verb goes on is met there", "[queued]") {
  Fixture f;
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  f.serve();
  f.clock.advance(1h);
  f.life->queue.wake();  // it is due, and on its way before the first portion is looked at
  std::uint64_t messages = 0;
  const PendingPtr asked =
      f.life->verbs.carry_out(test::act_of(Request::HOLD, all_messages(), "why"), {}, "--all",
                              [&](const Result<queued::Verbs::Progress>& progress) {
                                messages += progress.value().messages;
                              });
  f.settle();
  CHECK(messages == 1);
  CHECK(f.state(id) == "held");
  CHECK(f.attempts.size() == 1);
}

TEST_CASE("queued verbs: each says how many messages it changed, and changes no other",
          "[queued]") {
  Fixture f;
  for (int i = 0; i < 3; ++i) f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.operate(Request::RELEASE, all_messages()) == 0U);  // none is held
  CHECK(f.operate(Request::UNDELETE, all_messages()) == 0U);
  CHECK(f.operate(Request::HOLD, all_messages()) == 3U);
  CHECK(f.operate(Request::HOLD, all_messages()) == 0U);
  CHECK(f.operate(Request::RETRY, all_messages()) == 0U);  // none waits
  CHECK(f.operate(Request::RELEASE, all_messages()) == 3U);
  f.settle();
  CHECK(f.attempts.size() == 6);
  CHECK(f.operate(Request::DELETE, all_messages()) == 3U);
  CHECK(f.operate(Request::DELETE, all_messages()) == 0U);
  CHECK(f.operate(Request::EXPIRE, all_messages()) == 0U);
  CHECK(f.operate(Request::ERASE, all_messages()) == 3U);
  CHECK(f.operate(Request::ERASE, all_messages()) == 0U);
  CHECK(f.life->reports.sent.empty());
}

TEST_CASE("queued verbs: many messages are changed in portions, each once", "[queued][slow]") {
  Fixture f;
  const std::size_t many = 2 * queued::Store::kVerbPortion;  // the last portion is full
  f.settings.queue.active_limit = 2 * many;
  f.accept_many(many, "a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.operate(Request::ERASE, all_messages()) == many);
  CHECK(f.events("deleted") == many);
}

TEST_CASE("queued verbs: a message in memory is met as soon as its job has ended", "[queued]") {
  Fixture f;
  struct Case {
    Request::Verb verb;
    const char* state;
  };
  const auto [verb, state] =
      GENERATE(Case{Request::HOLD, "held"}, Case{Request::DELETE, "deleted"},
               Case{Request::ERASE, "0 messages"}, Case{Request::EXPIRE, "0 messages"});
  CAPTURE(Request::Verb_Name(verb));
  const bool under_way = GENERATE(true, false);
  f.settings.queue.destination_concurrency = 1;
  f.keeps = [](const ipc::Job&) { return true; };
  if (!under_way) f.accept("a@x.test", {"before@far.test"});
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  REQUIRE(f.state(id) == "active");
  CHECK(f.operate(verb, message_of(id)) == 1U);
  CHECK(f.operate(verb, message_of(id)) == 0U);
  if (!under_way) f.settle();
  f.answer_kept();
  f.settle();
  CHECK(f.state(id) == state);
  CHECK(f.life->queue.active() == 0);
  CHECK(f.attempts.back() ==
        (under_way ? "mx:far.test: b@far.test" : "mx:far.test: before@far.test"));
  CHECK(f.events("expired") == (verb == Request::EXPIRE ? 1 : 0));
  CHECK(f.events("deleted") == (verb == Request::ERASE ? 1 : 0));
}

TEST_CASE("queued verbs: a message whose deliverd dies is not attempted again before it is met",
          "[queued]") {
  Fixture f;
  struct Case {
    Request::Verb verb;
    const char* state;
  };
  const auto [verb, state] =
      GENERATE(Case{Request::HOLD, "held"}, Case{Request::DELETE, "deleted"},
               Case{Request::ERASE, "0 messages"}, Case{Request::EXPIRE, "0 messages"});
  CAPTURE(Request::Verb_Name(verb));
  f.keeps = [](const ipc::Job&) { return true; };
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  REQUIRE(f.kept() == 1);
  CHECK(f.operate(verb, message_of(id)) == 1U);
  f.serve();
  f.lose_kept();
  f.settle();
  CHECK(f.kept() == 0);
  CHECK(f.state(id) == state);
  CHECK(f.life->queue.active() == 0);
  CHECK(f.events("delivered") == 0);
}

TEST_CASE("queued verbs: what was delivered while an operator deleted it is not deleted",
          "[queued]") {
  Fixture f;
  f.keeps = [&](const ipc::Job&) { return true; };
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.operate(Request::DELETE, all_messages()) == 1U);
  f.serve();
  f.answer_kept();
  f.settle();
  CHECK(f.state(id) == "0 messages");
  CHECK(f.events("delivered") == 1);
  CHECK(f.events("deleted") == 0);
}

TEST_CASE("queued verbs: the reason of a hold is kept, and gone with a release", "[queued]") {
  Fixture f;
  const bool active = GENERATE(false, true);
  f.keeps = [&](const ipc::Job&) { return active; };
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.operate(Request::HOLD, all_messages(), "looks like spam") == 1U);
  CHECK(f.list(message_of(id)).at(0).hold_reason() == "looks like spam");
  f.answer_kept();
  f.settle();
  CHECK(f.list(message_of(id)).at(0).hold_reason() == "looks like spam");
  f.clock.advance(24h);
  f.settle();
  CHECK(f.attempts.size() == 1);
  CHECK(f.operate(Request::RELEASE, all_messages()) == 1U);
  CHECK(f.list(message_of(id)).at(0).hold_reason().empty());
}

TEST_CASE("queued verbs: what is deleted is brought back as it was, before and after a restart",
          "[queued]") {
  Fixture f;
  const bool held = GENERATE(false, true);
  const bool restarts = GENERATE(false, true);
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  if (held) CHECK(f.operate(Request::HOLD, all_messages(), "why") == 1U);
  CHECK(f.operate(Request::DELETE, all_messages()) == 1U);
  CHECK(f.state(id) == "deleted");
  f.clock.advance(59min);
  f.attempts.clear();
  f.sweep();
  if (restarts) f.begin_life();
  f.sweep();
  CHECK(f.attempts.empty());
  CHECK(f.on_disk(id));
  CHECK(f.events("deleted") == 0);
  CHECK(f.operate(Request::UNDELETE, all_messages()) == 1U);
  CHECK(f.state(id) == (held ? "held" : "active"));
  f.serve();
  f.settle();
  CHECK(f.attempts.size() == (held ? 0 : 1));
  if (!held) return;
  CHECK(f.list(message_of(id)).at(0).hold_reason() == "why");
  CHECK(f.operate(Request::RELEASE, all_messages()) == 1U);
  f.settle();
  CHECK(f.attempts.size() == 1);
}

TEST_CASE("queued verbs: what was held and then deleted while its job was under way is held again",
          "[queued]") {
  Fixture f;
  const bool answered_first = GENERATE(false, true);
  f.keeps = [](const ipc::Job&) { return true; };
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.operate(Request::HOLD, all_messages(), "why") == 1U);
  CHECK(f.operate(Request::DELETE, all_messages()) == 1U);
  CHECK(f.state(id) == "deleted");
  const auto answer = [&] {
    f.answer_kept();
    f.settle();
  };
  if (answered_first) answer();
  CHECK(f.operate(Request::UNDELETE, all_messages()) == 1U);
  if (!answered_first) answer();
  CHECK(f.state(id) == "held");
  CHECK(f.list(message_of(id)).at(0).hold_reason() == "why");
  CHECK(f.attempts.size() == 1);
}

TEST_CASE("queued verbs: what was behind its destination is due when its deletion is undone",
          "[queued]") {
  Fixture f;
  f.unreachable = [](const ipc::Job&) {
    ipc::Unreachable refused;
    refused.set_reply("connection refused");
    return refused;
  };
  f.accept("a@x.test", {"b@down.test"});
  f.settle();
  const std::string id = f.accept("a@x.test", {"c@down.test"});
  f.settle();
  REQUIRE(f.events("put_behind") >= 1);
  CHECK(f.operate(Request::DELETE, message_of(id)) == 1U);
  f.unreachable = nullptr;
  f.serve();
  CHECK(f.operate(Request::RETRY, all_messages()) == 1U);
  f.settle();
  CHECK(f.state(id) == "deleted");
  CHECK(f.operate(Request::UNDELETE, all_messages()) == 1U);
  f.settle();
  CHECK(f.state(id) == "0 messages");
}

TEST_CASE("queued verbs: an expired message is not attempted again, and its sender is told why",
          "[queued]") {
  Fixture f;
  const bool held = GENERATE(false, true);
  f.accept("a@x.test", {"b@far.test"});
  f.accept("", {"c@far.test"});
  f.settle();
  if (held) CHECK(f.operate(Request::HOLD, all_messages()) == 2U);
  f.attempts.clear();
  CHECK(f.operate(Request::EXPIRE, all_messages()) == 2U);
  f.settle();
  CHECK(f.attempts.empty());
  CHECK(f.life->reports.sent == Lines{"failed to a@x.test about b@far.test: expired by the "
                                      "operator; the last attempt: 451 later"});
  CHECK(f.events("expired") == 2);
  CHECK(f.list(all_messages()).empty());
}

TEST_CASE("queued verbs: who is told of an expired message is not told of a mail store's socket",
          "[queued]") {
  Fixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    ipc::RecipientResult busy = Fixture::result(ipc::DEFERRED, "451 later");
    busy.set_remote("unix:/run/lmtp");
    return busy;
  };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.operate(Request::EXPIRE, all_messages()) == 1U);
  f.settle();
  CHECK(f.life->reports.sent == Lines{"failed to a@x.test about b@far.test: expired by the "
                                      "operator; the last attempt: mail store said: 451 later"});
}

TEST_CASE("queued verbs: what an operator let expire is ended by the next queued if this one dies",
          "[queued]") {
  Fixture f;
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  f.life->reports.broken = true;
  CHECK(f.operate(Request::EXPIRE, all_messages()) == 1U);
  f.settle();
  CHECK(f.events("expired") == 0);
  f.begin_life();
  f.attempts.clear();
  f.settle();
  CHECK(f.attempts.empty());
  CHECK(f.life->reports.sent.size() == 1);
}

TEST_CASE("queued verbs: queue.db keeps who did what to how many, newest first", "[queued]") {
  Fixture f;
  for (int i = 0; i < 2; ++i) f.accept("a@x.test", {"b@far.test"});
  f.settle();
  ipc::Filter domain;
  domain.set_domain("far.test");
  CHECK(f.operate(Request::HOLD, domain, "a test") == 2U);
  f.clock.advance(1min);
  CHECK(f.operate(Request::RELEASE, all_messages()) == 2U);
  CHECK(f.logged.find("event=operator_act verb=hold messages=2 uid=1 user=olga "
                      "what=\"--domain far.test\" why=\"a test\"") != std::string::npos);
  f.begin_life();
  std::vector<ipc::Act> acts;
  const auto asked =
      f.life->store.read([](queued::StoreReader& reader) { return reader.acts(10); },
                         [&](const Result<std::vector<ipc::Act>>& found) { acts = found.value(); });
  f.run_until([&] { return !acts.empty(); });
  REQUIRE(acts.size() == 2);
  CHECK(acts[0].verb() == "release");
  CHECK(acts[0].what() == "--all");
  CHECK(acts[1].verb() == "hold");
  CHECK(acts[1].messages() == 2);
  CHECK(acts[1].user() == "olga");
  CHECK(acts[1].why() == "a test");
  CHECK(acts[1].failure().empty());
  CHECK(acts[0].time_us() - acts[1].time_us() >= 60'000'000);
}

TEST_CASE("queued verbs: what operators did is kept for ninety days", "[queued]") {
  Fixture f;
  CHECK(f.operate(Request::HOLD, all_messages()) == 0U);
  f.clock.advance(90 * 24h + 1s);
  CHECK(f.operate(Request::RELEASE, all_messages()) == 0U);
  std::vector<ipc::Act> acts;
  const auto asked =
      f.life->store.read([](queued::StoreReader& reader) { return reader.acts(10); },
                         [&](const Result<std::vector<ipc::Act>>& found) { acts = found.value(); });
  f.run_until([&] { return !acts.empty(); });
  CHECK(acts.size() == 1);
}

TEST_CASE(
    "queued verbs: a route is followed at once, by the recipients that are meant, until it is "
    "taken back",
    "[queued]") {
  Fixture f;
  const bool held = GENERATE(false, true);
  f.accept("a@x.test", {"b@far.test", "c@else.test"});
  f.settle();
  if (held) CHECK(f.operate(Request::HOLD, all_messages()) == 1U);
  ipc::Filter far;
  far.set_domain("far.test");
  f.attempts.clear();
  CHECK(f.route(far, "smtp:relay.test:2525") == 1U);
  CHECK(f.route(far, "smtp:relay.test:2525") == 0U);
  f.settle();
  if (held) {
    CHECK(f.attempts.empty());
    CHECK(f.operate(Request::RELEASE, all_messages()) == 1U);
    f.settle();
  }
  std::sort(f.attempts.begin(), f.attempts.end());
  CHECK(f.attempts == Lines{"mx:else.test: c@else.test", "smtp:relay.test:2525: b@far.test"});
  CHECK(f.list(all_messages()).at(0).recipients(0).via() == "smtp:relay.test:2525");

  f.begin_life();
  f.attempts.clear();
  CHECK(f.operate(Request::RETRY, all_messages()) == 1U);
  f.settle();
  CHECK(std::count(f.attempts.begin(), f.attempts.end(), "smtp:relay.test:2525: b@far.test") == 1);
  f.attempts.clear();
  CHECK(f.route(far, "") == 1U);
  f.settle();
  CHECK(std::count(f.attempts.begin(), f.attempts.end(), "mx:far.test: b@far.test") == 1);
}

TEST_CASE("queued verbs: a message in memory takes the other way once its job has ended",
          "[queued]") {
  Fixture f;
  f.keeps = [](const ipc::Job& job) { return job.next_hop() == "mx:far.test"; };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.route(all_messages(), "mx") == 1U);
  CHECK(f.route(all_messages(), "smtp:relay.test:25") == 1U);
  f.answer_kept();
  f.settle();  // to disk
  f.settle();
  CHECK(f.attempts.back() == "smtp:relay.test:25: b@far.test");
}

}  // namespace queued_verbs_test

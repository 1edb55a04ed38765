#include "queued/verbs.h"

#include "tests/unit/queued/fixture.h"

using namespace postrider;
using namespace std::chrono_literals;
using test::all_messages;
using test::message_of;
using test::QueueFixture;
using Lines = std::vector<std::string>;
using Request = ipc::AdminRequest;

namespace {

// Whose every attempt is deferred, until a test lets it be served.
struct Fixture : QueueFixture {
  Fixture() { defer(); }

  void defer() {
    answer = [](const ipc::Job&, const ipc::JobRecipient&) {
      return result(ipc::DEFERRED, "451 later");
    };
  }
  void serve() {
    answer = [](const ipc::Job&, const ipc::JobRecipient&) {
      return result(ipc::DELIVERED, "250 ok");
    };
  }

  std::size_t events(const std::string& name) const {
    std::size_t count = 0;
    for (auto at = logged.find("event=" + name + ' '); at != std::string::npos;
         at = logged.find("event=" + name + ' ', at + 1))
      ++count;
    return count;
  }
  std::string state(const std::string& id) {
    const auto found = list(message_of(id));
    return found.size() == 1 ? found[0].state() : std::to_string(found.size()) + " messages";
  }
  bool on_disk(const std::string& id) {
    return std::filesystem::exists(paths.deferred(*MessageId::parse(id)));
  }
  Result<std::uint64_t> route(const ipc::Filter& filter, const std::string& via) {
    queued::Act act = test::act_of(Request::ROUTE, filter);
    act.set_via(via);
    return operate(act, queued::to_text(filter));
  }
  // Why it could not be done; empty: it was.
  std::string pause(const std::string& name, const std::string& why = {}) {
    return wait([&](auto told) { return life->verbs.pause(name, {}, why, told); });
  }
  std::string resume(const std::string& name) {
    return wait([&](auto told) { return life->verbs.resume(name, {}, "", told); });
  }
  template <typename Ask>
  std::string wait(Ask ask) {
    std::optional<std::string> failure;
    const PendingPtr asked = ask([&](const Result<queued::Verbs::Progress>& progress) {
      failure = progress ? "" : progress.error().text;
    });
    run_until([&] { return failure.has_value(); });
    return *failure;
  }
  void sweep() {
    life->trash.sweep();
    settle();
  }
};

}  // namespace

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

TEST_CASE("queued verbs: many messages are changed in portions, each once", "[queued]") {
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

TEST_CASE("queued verbs: a refusal that comes while an operator deletes is told to the sender",
          "[queued]") {
  Fixture f;
  f.keeps = [](const ipc::Job& job) { return job.next_hop() == "mx:far.test"; };
  f.accept("a@x.test", {"b@far.test", "c@else.test"});
  f.settle();
  CHECK(f.operate(Request::DELETE, all_messages()) == 1U);
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::FAILED, "550 no such user");
  };
  f.answer_kept();
  f.settle();
  CHECK(f.life->reports.sent == Lines{"failed to a@x.test about b@far.test: 550 no such user"});
  CHECK(f.operate(Request::UNDELETE, all_messages()) == 1U);
  f.serve();
  f.attempts.clear();
  f.settle();
  CHECK(f.attempts == Lines{"mx:else.test: c@else.test"});
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

TEST_CASE("queued verbs: what is deleted is erased an hour later, and each recipient is logged",
          "[queued]") {
  Fixture f;
  const std::string id = f.accept("a@x.test", {"b@far.test", "c@far.test"});
  f.settle();
  CHECK(f.operate(Request::DELETE, all_messages()) == 1U);
  f.clock.advance(1h);
  f.sweep();
  CHECK(f.events("deleted") == 2);
  CHECK_FALSE(f.on_disk(id));
  CHECK(f.operate(Request::UNDELETE, all_messages()) == 0U);
}

TEST_CASE("queued verbs: a clock that is set ahead, or back, erases nothing before its time",
          "[queued]") {
  Fixture f;
  ManualClock steady(f.clock.now());
  queued::Trash trash(f.life->queue, f.life->store, f.settings, f.clock, steady, f.log);
  const auto pass = [&](std::chrono::microseconds time) {
    f.clock.advance(time);
    steady.advance(time);
    trash.sweep();
    f.settle();
  };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  const bool ahead = GENERATE(true, false);
  if (!ahead) f.clock.advance(24h);
  CHECK(f.operate(Request::DELETE, all_messages()) == 1U);
  f.clock.advance(ahead ? 24h : -24h);
  pass(0h);
  pass(59min);
  CHECK(f.events("deleted") == 0);
  pass(1min + 1s);
  CHECK(f.events("deleted") == 1);
}

TEST_CASE("queued verbs: what cannot be read is logged when it is erased", "[queued]") {
  Fixture f;
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  {
    auto database = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
    REQUIRE(database);
    REQUIRE(database->execute("DELETE FROM recipient"));
  }
  CHECK(f.operate(Request::ERASE, message_of(id)) == 1U);
  CHECK(f.logged.find("event=unreadable_deleted id=" + id) != std::string::npos);
  CHECK_FALSE(f.on_disk(id));
}

TEST_CASE("queued verbs: more than a portion is swept", "[queued]") {
  Fixture f;
  const std::size_t many = queued::Store::kVerbPortion + 1;
  f.settings.queue.active_limit = 2 * many;
  f.accept_many(many, "a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.operate(Request::DELETE, all_messages()) == many);
  f.clock.advance(1h);
  f.sweep();
  CHECK(f.events("deleted") == many);
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

TEST_CASE("queued verbs: nothing goes to a destination that is paused, before and after a restart",
          "[queued]") {
  Fixture f;
  f.serve();
  const std::string name = GENERATE("mx:far.test", "far.test", "FAR.test");
  CAPTURE(name);
  CHECK(f.pause(name, "maintenance").empty());
  f.accept("a@x.test", {"b@far.test"});
  f.accept("a@x.test", {"c@else.test"});
  f.settle();
  CHECK(f.attempts == Lines{"mx:else.test: c@else.test"});
  f.begin_life();
  f.accept("a@x.test", {"d@far.test"});
  for (int i = 0; i < 4; ++i) {
    f.clock.advance(1h);
    f.settle();
  }
  CHECK(f.attempts.size() == 1);
  CHECK(f.life->queue.active() == 0);
  const auto waiting = f.list(all_messages());
  REQUIRE(waiting.size() == 2);
  CHECK(waiting[0].recipients(0).reply().find("paused by the operator since 2027") == 0);
  CHECK(waiting[0].recipients(0).reply().ends_with(" UTC"));
  CHECK(waiting[0].recipients(0).attempts() == 0);

  CHECK(f.resume(name).empty());
  f.settle();
  CHECK(f.attempts.size() == 3);
  CHECK(f.resume(name) == name + " is not paused");
}

TEST_CASE("queued verbs: what stands in line when its destination is paused goes behind it",
          "[queued]") {
  Fixture f;
  const std::string name = GENERATE("mx:far.test", "far.test");
  f.settings.queue.destination_concurrency = 1;
  f.keeps = [](const ipc::Job& job) { return job.next_hop() == "mx:far.test"; };
  f.accept("a@x.test", {"b@far.test"});
  f.accept("a@x.test", {"c@far.test"});
  f.settle();
  REQUIRE(f.kept() == 1);
  CHECK(f.pause(name).empty());
  f.settle();
  CHECK(f.life->queue.active() == 1);  // its job is not taken back
  f.serve();
  f.answer_kept();
  f.settle();
  CHECK(f.attempts == Lines{"mx:far.test: b@far.test"});
  f.keeps = [](const ipc::Job&) { return false; };
  CHECK(f.resume(name).empty());
  f.settle();
  CHECK(f.attempts.size() == 2);
}

TEST_CASE("queued verbs: a job whose deliverd dies goes behind what was paused meanwhile",
          "[queued]") {
  Fixture f;
  const std::string name = GENERATE("mx:far.test", "far.test");
  CAPTURE(name);
  f.keeps = [](const ipc::Job&) { return true; };
  f.accept("a@x.test", {"b@far.test"});
  f.accept("a@x.test", {"c@else.test"});
  f.settle();
  REQUIRE(f.kept() == 2);
  CHECK(f.pause(name).empty());
  f.serve();
  f.keeps = [](const ipc::Job&) { return false; };
  f.lose_kept();
  f.settle();
  CHECK(f.attempts == Lines{"mx:else.test: c@else.test"});
  CHECK(f.life->queue.active() == 0);
  CHECK(f.resume(name).empty());
  f.settle();
  CHECK(f.attempts.back() == "mx:far.test: b@far.test");
}

TEST_CASE("queued verbs: a domain is paused whatever its next hop, and no other with it",
          "[queued]") {
  Fixture f;
  f.serve();
  f.settings.routes = {{.match = "*", .via = {"smtp:relay.test:25"}}};
  CHECK(f.pause("far.test").empty());
  f.accept("a@x.test", {"b@far.test", "c@else.test"});
  f.settle();
  CHECK(f.attempts == Lines{"smtp:relay.test:25: c@else.test"});
  CHECK(f.resume("far.test").empty());
  f.clock.advance(34min);
  f.settle();
  CHECK(f.attempts.size() == 2);
}

TEST_CASE("queued verbs: a next hop is paused under the name that the router gives it",
          "[queued]") {
  Fixture f;
  f.serve();
  struct Case {
    std::vector<std::string> via;
    const char* name;
    bool paused;
  };
  const Case c = GENERATE(Case{{"mx"}, "mx:FAR.test", true},
                          Case{{"smtp:Relay.test"}, "smtp:relay.test", true},
                          Case{{"smtp:relay.test"}, "smtp:RELAY.test:25", true},
                          Case{{"smtp:relay.test"}, "smtp:relay.test:26", false},
                          Case{{"smtp:[192.0.2.1]"}, "smtp:[192.0.2.1]", true},
                          Case{{"smtp:a.test", "mx"}, "smtp:A.test,mx:far.test", true},
                          Case{{"smtp:a.test", "smtp:b.test"}, "smtp:a.test", false});
  CAPTURE(c.name);
  f.settings.routes = {{.match = "*", .via = c.via}};
  CHECK(f.pause(c.name).empty());
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.attempts.empty() == c.paused);
  CHECK(f.resume(c.name).empty());
}

TEST_CASE("queued verbs: the life of mail goes on while its destination is paused", "[queued]") {
  Fixture f;
  CHECK(f.pause("far.test").empty());
  const WallTime start = f.clock.now();
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  while (f.advance(start + 6 * 24h)) {
  }
  CHECK(f.attempts.empty());
  REQUIRE(f.life->reports.sent.size() == 2);
  CHECK(f.life->reports.sent[0].starts_with("delayed to a@x.test about b@far.test: paused by"));
  CHECK(f.life->reports.sent[1].starts_with("failed to a@x.test about b@far.test: paused by"));
  CHECK(f.list(all_messages()).empty());
}

TEST_CASE("queued verbs: what is neither a domain nor a next hop cannot be paused", "[queued]") {
  Fixture f;
  const std::string name =
      GENERATE("", "a b", "ftp:x.test", "mx:", "mx:a b", "-.test", "smtp:", "smtp:a.test:0x19",
               "smtp:a.test,", "smtp:a.test,far.test", "local,smtp:a.test");
  CHECK(f.pause(name) == name + " is neither a domain nor a next hop as the summary shows it");
}

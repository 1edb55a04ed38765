#include "queued/pause.h"

#include "tests/unit/queued/verbs_fixture.h"

namespace queued_pause_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::all_messages;
using test::Lines;
using test::message_of;
using test::Request;
using Fixture = test::VerbsFixture;

TEST_CASE("queued pause: nothing goes to a destination that is paused, before and after a restart",
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

TEST_CASE("queued pause: what stands in line when its destination is paused goes behind it",
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

TEST_CASE("queued pause: a job whose deliverd dies goes behind what was paused meanwhile",
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

TEST_CASE("queued pause: a domain is paused whatever its next hop, and no other with it",
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

TEST_CASE("queued pause: a next hop is paused under the name that the router gives it",
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
                          Case{{"smtps:relay.test"}, "smtps:relay.test", true},
                          Case{{"smtps:relay.test"}, "smtp:relay.test:465", false},
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

TEST_CASE("queued pause: the life of mail goes on while its destination is paused", "[queued]") {
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

TEST_CASE("queued pause: what is neither a domain nor a next hop cannot be paused", "[queued]") {
  Fixture f;
  const std::string name =
      GENERATE("", "a b", "ftp:x.test", "mx:", "mx:a b", "-.test", "smtp:", "smtp:a.test:0x19",
               "smtp:a.test,", "smtp:a.test,far.test", "local,smtp:a.test");
  CHECK(f.pause(name) == name + " is neither a domain nor a next hop as the summary shows it");
}

}  // namespace queued_pause_test

// With which reverse-path mail leaves for where an alias sends it, and how its bounces come back.
#include <algorithm>
#include <filesystem>

#include "tests/unit/queued/fixture.h"

namespace queued_forward_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::QueueFixture;
using Lines = std::vector<std::string>;

namespace {

struct Fixture : QueueFixture {
  Fixture() {
    settings.forward.rewrite = "srs";
    settings.forward.srs_lifetime = 21 * 24h;
    REQUIRE(routing::ReturnPaths::ensure_key(settings, random));
    restart();
    answer = [this](const ipc::Job& job, const ipc::JobRecipient& to) {
      senders[to.address()] = job.sender();
      return result(outcome, outcome == ipc::FAILED ? "550 no" : "250 ok");
    };
  }

  void restart() {
    begin_life();
    life->directory.aliases = {{"away@local.test", {"ann@far.test"}},
                               {"team@local.test", {"ann@far.test", "bob@local.test"}}};
  }

  std::map<std::string, std::string> senders;  // by recipient, as the last job had them
  ipc::Outcome outcome = ipc::DELIVERED;
};

bool is_rewritten(const std::string& sender) {
  return sender.starts_with("SRS0=") && sender.ends_with("@mx.local.test");
}

}  // namespace

TEST_CASE("queued forward: what an alias sends out leaves with a reverse-path of ours",
          "[queued]") {
  Fixture f;
  f.accept("a@x.test", {"away@local.test", "other@far.test", "bob@local.test"});
  f.settle();
  CHECK(is_rewritten(f.senders["ann@far.test"]));
  CHECK(f.senders["other@far.test"] == "a@x.test");
  CHECK(f.senders["bob@local.test"] == "a@x.test");
}

TEST_CASE("queued forward: a reverse-path stays where nothing would fail by it", "[queued]") {
  Fixture f;
  const auto sender = GENERATE(values<std::string>({"", "bob@local.test"}));
  f.accept(sender, {"away@local.test"});
  f.settle();
  REQUIRE(f.senders.count("ann@far.test") == 1);
  CHECK(f.senders["ann@far.test"] == sender);
}

TEST_CASE("queued forward: it stays where the operator says so", "[queued]") {
  Fixture f;
  f.settings.forward.rewrite = "off";
  f.accept("a@x.test", {"away@local.test"});
  f.settle();
  CHECK(f.senders["ann@far.test"] == "a@x.test");
}

TEST_CASE("queued forward: it is rewritten at each attempt, in another life as well", "[queued]") {
  Fixture f;
  f.outcome = ipc::DEFERRED;
  f.accept("a@x.test", {"away@local.test"});
  f.settle();
  f.senders.clear();
  f.restart();
  f.clock.advance(34min);
  f.settle();
  CHECK(is_rewritten(f.senders["ann@far.test"]));
}

TEST_CASE("queued forward: while the secret cannot be read, what an alias sends out waits alone",
          "[queued]") {
  Fixture f;
  const std::string key = f.settings.paths.data + "/srs.key";
  std::filesystem::rename(key, key + ".away");
  f.accept("a@x.test", {"away@local.test", "other@far.test"});
  f.settle();
  CHECK(f.senders.count("other@far.test") == 1);
  CHECK(f.senders.count("ann@far.test") == 0);
  CHECK(f.logged.find("event=srs_key_unreadable") != std::string::npos);
  std::filesystem::rename(key + ".away", key);
  f.clock.advance(34min);
  f.settle();
  CHECK(is_rewritten(f.senders["ann@far.test"]));
}

TEST_CASE("queued forward: it is rewritten on the way that an operator has chosen as well",
          "[queued]") {
  Fixture f;
  const bool broken = GENERATE(false, true);
  f.outcome = ipc::DEFERRED;
  f.accept("a@x.test", {"away@local.test", "other@far.test"});
  f.settle();
  f.life->directory.broken = broken;
  f.senders.clear();
  f.attempts.clear();
  queued::Act act = test::act_of(ipc::AdminRequest::ROUTE, test::all_messages());
  act.via = "smtp:relay.test:2525";
  CHECK(f.operate(act, "all") == 1U);
  f.settle();
  std::sort(f.attempts.begin(), f.attempts.end());
  CHECK(f.attempts ==
        Lines{"smtp:relay.test:2525: ann@far.test", "smtp:relay.test:2525: other@far.test"});
  CHECK(is_rewritten(f.senders["ann@far.test"]));
  CHECK(f.senders["other@far.test"] == "a@x.test");
}

TEST_CASE("queued forward: a bounce to it goes to whom it stands for", "[queued]") {
  Fixture f;
  f.accept("a@x.test", {"away@local.test"});
  f.settle();
  f.accept("", {f.senders["ann@far.test"]});
  f.settle();
  CHECK(f.attempts.back() == "mx:x.test: a@x.test");
  CHECK(f.senders["a@x.test"].empty());
  f.clock.advance(30 * 24h);
  f.accept("", {f.senders["ann@far.test"]});
  f.settle();
  CHECK(f.logged.find("the time for bounces to this address is over") != std::string::npos);
  CHECK(f.attempts.size() == 2);
}

TEST_CASE("queued forward: a target that fails is told to the sender, and spares the others",
          "[queued]") {
  Fixture f;
  f.answer = [&](const ipc::Job&, const ipc::JobRecipient& to) {
    return to.address() == "ann@far.test" ? QueueFixture::result(ipc::FAILED, "550 no")
                                          : QueueFixture::result(ipc::DELIVERED, "250 ok");
  };
  f.accept("a@x.test", {"team@local.test"});
  f.settle();
  CHECK(f.life->reports.sent == Lines{"failed to a@x.test about ann@far.test: 550 no"});
  CHECK(f.counters.value(metrics::Counter::queue_recipients_delivered) == 1);
  CHECK(f.life->queue.active() == 0);
}

}  // namespace queued_forward_test

// verbs_property.cc - operators who change their minds by the hundred, on a queue that is restarted
// now and then: no message is lost, and none meets its fate twice.
#include <array>

#include "tests/unit/queued/fixture.h"

using namespace postrider;
using namespace std::chrono_literals;
using test::QueueFixture;
using Request = ipc::AdminRequest;

namespace {

constexpr std::array kDomains{"one.test", "two.test", "three.test"};
constexpr std::array kVerbs{Request::HOLD,   Request::RELEASE,  Request::RETRY, Request::EXPIRE,
                            Request::DELETE, Request::UNDELETE, Request::ERASE, Request::ROUTE};

struct World : QueueFixture {
  explicit World(std::uint64_t seed) : chance(seed) {
    settings.queue.destination_concurrency = 2;
    settings.queue.delay_warning = 0s;
    answer = [this](const ipc::Job&, const ipc::JobRecipient&) {
      const bool served = serves || one_in(4);
      return served ? result(ipc::DELIVERED, "250 ok") : result(ipc::DEFERRED, "451 later");
    };
    unreachable = [this](const ipc::Job&) {
      ipc::Unreachable down;
      if (!serves && one_in(5)) down.set_reply("connection refused");
      return down;
    };
    keeps = [this](const ipc::Job&) { return !serves && one_in(3); };
  }

  bool one_in(std::uint64_t n) { return chance.below(n) == 0; }
  template <typename Choices>
  auto any_of(const Choices& choices) {
    return choices[chance.below(choices.size())];
  }

  void accept_some() {
    for (auto count = chance.below(4); count > 0; --count) {
      const std::string first = std::string("b@") + any_of(kDomains);
      ids.push_back(accept("a@x.test", {first}));
    }
  }

  void act() {
    ipc::Filter filter;
    if (one_in(3)) {
      filter.set_all(true);
    } else if (one_in(2) && !ids.empty()) {
      filter.add_ids(any_of(ids));
    } else {
      filter.set_domain(any_of(kDomains));
    }
    queued::Act act = test::act_of(any_of(kVerbs), filter);
    if (act.verb.request == Request::ROUTE) act.set_via(one_in(2) ? "smtp:relay.test:25" : "");
    REQUIRE(operate(act, ""));
  }

  void pause_or_resume() {
    const std::string name = one_in(2) ? any_of(kDomains) : std::string("mx:") + any_of(kDomains);
    bool done = false;
    const auto told = [&](const Result<queued::Verbs::Progress>&) { done = true; };
    const PendingPtr asked =
        one_in(2) ? life->verbs.pause(name, {}, "", told) : life->verbs.resume(name, {}, "", told);
    run_until([&] { return done; });
  }

  void step() {
    accept_some();
    settle();
    act();
    if (one_in(4)) pause_or_resume();
    settle();
    if (one_in(2)) answer_kept();
    settle();
    if (one_in(3)) clock.advance(31min);
    if (one_in(5)) life->trash.sweep();
    settle();
    if (one_in(8)) begin_life();
  }

  // Everything may go now.
  void end() {
    serves = true;
    answer_kept();
    settle();
    for (const std::string domain : kDomains)
      for (const std::string& name : {domain, "mx:" + domain}) {
        life->queue.resume(queued::destination_named(name, settings.relay.port).value());
      }
    REQUIRE(operate(Request::UNDELETE, test::all_messages()));
    REQUIRE(operate(Request::RELEASE, test::all_messages()));
    REQUIRE(operate(Request::RETRY, test::all_messages()));
    const WallTime limit = clock.now() + 48h;
    settle();
    while (advance(limit)) {
    }
  }

  std::size_t fates(const std::string& id) const {
    std::size_t count = 0;
    for (const std::string event : {"delivered", "bounced", "expired", "deleted"}) {
      const std::string line = "event=" + event + " id=" + id;
      for (auto at = logged.find(line); at != std::string::npos; at = logged.find(line, at + 1))
        ++count;
    }
    return count;
  }

  SeededRandom chance;
  bool serves = false;
  std::vector<std::string> ids;
};

}  // namespace

TEST_CASE("property: whatever operators want, each message meets one fate, and one alone",
          "[property]") {
  const auto seed = GENERATE(range(1, 21));
  CAPTURE(seed);
  World world(static_cast<std::uint64_t>(seed));
  for (int i = 0; i < 60; ++i) world.step();
  world.end();
  CHECK(world.list(test::all_messages()).empty());
  CHECK(world.life->queue.active() == 0);
  for (const std::string& id : world.ids) {
    CAPTURE(id);
    CHECK(world.fates(id) == 1);
  }
}

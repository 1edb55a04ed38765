// week_property.cc - a week of faults, under virtual time: destinations go down, refuse and come
// back, operators change their minds, queued is killed and its queue.db rescued, the clock is set;
// and each hour what must always hold still holds.
#include <cstdio>
#include <cstdlib>

#include "queued/rescue.h"
#include "tests/property/week_world.h"

using namespace postrider;
using namespace std::chrono_literals;
using test::Health;
using Request = ipc::AdminRequest;

namespace {

constexpr std::array kVerbs{Request::HOLD,   Request::RELEASE,  Request::RETRY, Request::EXPIRE,
                            Request::DELETE, Request::UNDELETE, Request::ERASE, Request::ROUTE};
// The interval of retries with the least and the most of its jitter, and a minute.
constexpr std::chrono::minutes kLongestWait{34};

// POSTRIDER_SEED repeats a run; POSTRIDER_LONG asks for many.
std::vector<std::uint64_t> seeds() {
  if (const char* const given = std::getenv("POSTRIDER_SEED"))
    return {std::strtoull(given, nullptr, 10)};
  std::vector<std::uint64_t> all{1};
  while (std::getenv("POSTRIDER_LONG") != nullptr && all.size() < 100)
    all.push_back(all.size() + 1);
  return all;
}

struct Week : test::WeekWorld {
  using test::WeekWorld::WeekWorld;

  // ---- Operators ----

  void act() { act(any_of(kVerbs), some_filter()); }

  ipc::Filter some_filter() {
    const auto queued = list(test::all_messages(), queued::kAnyState);
    ipc::Filter filter;
    if (one_in(4)) {
      filter.set_all(true);
    } else if (one_in(2) && !queued.empty()) {
      filter.add_ids(any_of(queued).id());
    } else {
      filter.set_domain(any_of(kDomains));
    }
    return filter;
  }

  void act(Request::Verb request, const ipc::Filter& filter) {
    queued::Act act = test::act_of(request, filter, fmt::format("reason {}", expected_acts));
    const std::string via = one_in(2) ? kRelay : "";
    for (const auto& message : list(filter, queued::kAnyState)) {
      book.change(message.id());
      if (request == Request::ERASE) book.deletable.insert(message.id());
      if (request == Request::ROUTE && message.state() != "deleted") route(message, filter, via);
    }
    if (request == Request::ROUTE) act.set_via(via);
    REQUIRE(operate(act, "what"));
    ++expected_acts;
    look_at_stopped(request == Request::HOLD ? act.why : "");
  }

  void route(const ipc::QueuedMessage& message, const ipc::Filter& filter, const std::string& via) {
    for (const auto& recipient : message.recipients()) {
      const std::string domain = recipient.address().substr(recipient.address().find('@') + 1);
      if (!filter.domain().empty() && domain != filter.domain()) continue;
      book.route(recipient.address(), via.empty() ? next_hop_to(domain) : via);
    }
  }

  // What is held keeps its reason, or has `fresh` as its own.
  void look_at_stopped(const std::string& fresh) {
    const auto before = std::exchange(reasons, {});
    book.stopped.clear();
    for (const auto& message : list(test::all_messages(), queued::kAnyState)) {
      if (message.state() != "held" && message.state() != "deleted") continue;
      INFO(message.state() << " " << message.id());
      book.stopped.insert(message.id());
      const auto known = before.find(message.id());
      const bool was_held = known != before.end() && !known->second.empty();
      if (message.state() == "held" || was_held)
        REQUIRE(message.hold_reason() == (was_held ? known->second : fresh));
      reasons[message.id()] = message.hold_reason();
      if (message.state() == "deleted")
        deleted.try_emplace(message.id(), unset_time());
      else
        deleted.erase(message.id());
    }
    for (auto it = deleted.begin(); it != deleted.end();)
      it = reasons.count(it->first) == 0 ? deleted.erase(it) : std::next(it);
  }

  void pause_or_resume() {
    const std::string domain = any_of(kDomains);
    const std::string name = one_in(2) ? domain : next_hop_to(domain);
    if (book.paused.count(destination(name)) > 0) return resume(name);
    REQUIRE(told([&](auto on_told) { return life->verbs.pause(name, {}, "why", on_told); }));
    ++expected_acts;
    book.paused.insert(destination(name));
  }

  // What waited for it does so no longer, unless it cannot be reached.
  void resume(const std::string& name) {
    REQUIRE(told([&](auto on_told) { return life->verbs.resume(name, {}, "", on_told); }));
    ++expected_acts;
    book.paused.erase(destination(name));
    happen();
    if (life->queue.active() == 0) check();
  }

  std::string destination(const std::string& name) const {
    return queued::destination_named(name, settings.relay.port).value();
  }
  template <typename Ask>
  bool told(Ask ask) {
    std::optional<bool> done;
    const PendingPtr asked =
        ask([&](const Result<queued::Verbs::Progress>& progress) { done = progress.has_value(); });
    run_until([&] { return done.has_value(); });
    return *done;
  }

  // ---- Faults ----

  void restart() {
    crash();
    life.reset();
    if (one_in(3)) {
      REQUIRE(queued::rescue_queue_db(spool::system_disk(), paths, clock.now()));
      kept_acts = expected_acts;
    }
    if (one_in(3)) clock.advance(std::chrono::minutes(chance.below(60)));
    begin_life();
    look_at_stopped("");
  }

  void quarter() {
    if (one_in(3)) accept_one();
    happen();
    if (one_in(3)) act();
    if (one_in(8)) pause_or_resume();
    happen();
    if (one_in(20)) life->reports.broken = true;
    if (one_in(2)) end_jobs();
    pass(15min);
    life->reports.broken = false;
    if (one_in(12)) restart();
    if (one_in(20)) step_clock();
    sweep();
  }

  // What was deleted an hour ago, however the clock was set, is gone.
  void sweep() {
    for (const auto& [id, since] : deleted)
      if (unset_time() - since >= settings.queue.undo_time) book.deletable.insert(id);
    life->trash.sweep();
    happen();
    look_at_stopped("");
  }

  // ---- What must hold ----

  void hour() {
    change_health();
    for (int i = 0; i < 4; ++i) quarter();
    calm = true;
    end_jobs();
    pass(11s);  // what could not be written is tried again
    check();
    calm = false;
  }

  void check() {
    REQUIRE(life->queue.active() == 0);
    std::set<std::string> waiting = book.paused;
    for (const auto& outage : life->queue.outages()) {
      INFO("outage of " << outage.destination());
      REQUIRE(outage.next_probe_us() <= us(std::max(latest, clock.now()) + kLongestWait));
      waiting.insert(outage.destination());
    }
    std::set<std::string> ids;
    for (const auto& message : list(test::all_messages(), queued::kAnyState)) {
      REQUIRE(ids.insert(message.id()).second);
      if (message.state() == "deferred") check_waits(message, waiting);
    }
    book.check_nothing_lost(ids);
  }

  // A time at which it is tried again, or a destination that does not take it now.
  void check_waits(const ipc::QueuedMessage& message, const std::set<std::string>& waiting) {
    INFO(message.id() << " waits: " << message.recipients(0).reply());
    REQUIRE(message.next_attempt_us() > us(clock.now()));
    REQUIRE(message.expires_us() > us(clock.now()) - us(WallTime(kLongestWait)));
    if (message.next_attempt_us() <= us(std::max(latest, clock.now()) + kLongestWait)) return;
    const bool known = std::any_of(
        message.recipients().begin(), message.recipients().end(), [&](const auto& recipient) {
          return recipient.state() == "pending" && waiting.count(recipient.next_hop()) == 1;
        });
    REQUIRE(known);
  }

  // Everything may go now, and goes.
  void end() {
    health.clear();
    calm = true;
    end_jobs();
    for (const std::string& paused : std::set<std::string>(book.paused))
      resume(std::string(queued::name_of(paused)));
    for (const auto verb : {Request::UNDELETE, Request::RELEASE, Request::RETRY})
      act(verb, test::all_messages());
    happen();
    pass(3h);
    CHECK(list(test::all_messages(), queued::kAnyState).empty());
    CHECK(files(paths.incoming()).empty());
    book.check_all_ended();
    CHECK(acts == expected_acts);
    check_audit();
  }

  void check_audit() {
    std::optional<std::size_t> kept;
    const PendingPtr asked =
        life->store.read([](queued::StoreReader& reader) { return reader.acts(1'000'000); },
                         [&](const Result<std::vector<ipc::Act>>& found) {
                           kept = found.value().size();
                           for (const ipc::Act& act : *found) CHECK(act.failure().empty());
                         });
    run_until([&] { return kept.has_value(); });
    CHECK(*kept == expected_acts - kept_acts);
  }

  static std::int64_t us(WallTime time) { return time.time_since_epoch().count(); }

  std::size_t expected_acts = 0;
  std::size_t kept_acts = 0;                   // that stayed with a queue.db that was set aside
  std::map<std::string, std::string> reasons;  // of what is held or deleted
  std::map<std::string, WallTime> deleted;     // since when, by the clock that nobody sets
};

}  // namespace

TEST_CASE("property: a week of faults loses nothing, repeats nothing and forgets nobody",
          "[property]") {
  const std::uint64_t seed = GENERATE(from_range(seeds()));
  CAPTURE(seed);
  Week week(seed);
  for (int hour = 0; hour < 7 * 24; ++hour) {
    CAPTURE(hour);
    week.hour();
  }
  week.end();
  std::printf("week of seed %lu: %zu recipients, %zu acts of operators\n", seed,
              week.book.recipients(), week.expected_acts);
}

// scheduler_fixture.h - a scheduler with time, work and the end of each job in the test's hand.
#pragma once

#include <list>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "queued/scheduler.h"

namespace postrider::queued::testing {

using namespace std::chrono_literals;

inline constexpr std::size_t kRoom = 1000;

struct SchedulerFixture {
  SchedulerFixture() {
    settings.destination_concurrency = 20;
    settings.retry_interval = 30min;
    settings.retry_jitter = 0;
  }

  // Whether it was put into the line.
  bool add(const std::string& next_hop, std::size_t room = kRoom, bool called = false) {
    const auto reason = scheduler.add(work_for(next_hop), {room}, called, now);
    told = reason ? reason->words : "";
    return !reason;
  }
  void add_many(const std::string& next_hop, int count) {
    for (int i = 0; i < count; ++i) REQUIRE(add(next_hop));
  }
  Work work_for(const std::string& next_hop) {
    return {.message = &messages.emplace_back(), .next_hop = next_hop};
  }
  // The destination of the next job, which is under way then; or "none".
  std::string next(WorkKind kind = WorkKind::remote) {
    auto work = scheduler.next(kind);
    if (!work) return "none";
    under_way.push_back(std::move(*work));
    return under_way.back().next_hop;
  }
  // The oldest job that is under way ends.
  Scheduler::Change finish(Reception reception = Reception::served) {
    const Work work = std::move(under_way.front());
    under_way.pop_front();
    return scheduler.finished(work, reception, {"4.4.1", "connection refused"}, now);
  }
  // The oldest job that is under way is sent back; gives what is turned away.
  std::vector<Work> send_back(std::chrono::microseconds wait) {
    Work work = std::move(under_way.front());
    under_way.pop_front();
    return scheduler.give_back(std::move(work), wait, now);
  }
  // A destination that is down, and nothing else.
  void break_down(const std::string& next_hop) {
    REQUIRE(add(next_hop));
    REQUIRE(next() == next_hop);
    REQUIRE(finish(Reception::unreachable).outage_began);
  }
  const queued::Outage* outage_of(const std::string& next_hop) const {
    const queued::Destination* const known = scheduler.find(next_hop);
    return known != nullptr && known->outage ? &*known->outage : nullptr;
  }
  void advance(std::chrono::microseconds by) {
    now += by;
    scheduler.wake(now);
  }

  config::Settings::Queue settings;
  SeededRandom random{1};
  WallTime now{1'800'000'000s};
  Scheduler scheduler{settings, random};
  std::list<Message> messages;
  std::list<Work> under_way;
  std::string told;
};

}  // namespace postrider::queued::testing

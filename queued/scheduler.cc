#include "queued/scheduler.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "common/base/check.h"

namespace postrider::queued {

using Behind = Destination::Behind;

namespace {

// `works` no longer stand in the line of `destination`; among them may be its probe.
std::vector<Work> taken_from(Destination& destination, std::vector<Work> works) {
  for (Work& work : works)
    if (std::exchange(work.probe, false)) destination.probing = false;
  return works;
}

}  // namespace

Scheduler::Entry& Scheduler::entry_of(const std::string& destination, WallTime now) {
  const auto [entry, fresh] = destinations_.try_emplace(destination, kind_of(destination),
                                                        settings_.destination_concurrency, now);
  if (fresh) entry->second.paused = pauses_.contains(destination);
  return *entry;
}

Scheduler::Entry& Scheduler::under_way(const Work& work) {
  const auto it = destinations_.find(work.next_hop);
  POSTRIDER_CHECK(it != destinations_.end() && it->second.window.under_way() > 0);
  return *it;
}

void Scheduler::settle(Entry& entry) {
  Destination& d = entry.second;
  const bool remembered = d.outage || d.behind != Behind::none;
  if (remembered != d.counted) {
    d.counted = remembered;
    remembered ? ++remembered_ : --remembered_;
  }
  if (d.wants_more()) {
    d.calling = true;
    calls_.push_back(&entry);
  }
  if (d.in_ring) return;
  if (d.is_eligible()) {
    d.in_ring = true;
    ring(d.kind).push_back(&entry);
  } else if (d.is_idle() && !remembered && !d.calling) {
    d.turns.clear();
    set_turn_timer(entry);
    destinations_.erase(entry.first);
  }
}

std::optional<Reason> Scheduler::add(Work work, Memory memory, bool called, WallTime now) {
  Entry& entry = entry_of(work.next_hop, now);
  Destination& d = entry.second;
  if (d.is_idle()) d.pace = Pace(now);
  const bool taken =
      !d.paused && (d.outage ? d.probe_due && !d.probing
                             : called || (d.behind != Behind::many && d.has_share(memory, now)));
  std::optional<Reason> turned_away;
  if (taken) {
    work.probe = d.outage.has_value();
    d.probing = d.probing || work.probe;
    d.line.push(std::move(work));
  } else {
    turned_away = reason_to_wait(entry.first);
  }
  settle(entry);
  return turned_away;
}

std::optional<Work> Scheduler::next(WorkKind kind) {
  std::list<Entry*>& entries = ring(kind);
  while (!entries.empty()) {
    Entry& entry = *entries.front();
    entries.pop_front();
    Destination& d = entry.second;
    d.in_ring = false;
    // Its line may have been withdrawn while it stood in the ring.
    if (!d.is_eligible()) {
      settle(entry);
      continue;
    }
    Work work = d.line.pop();
    work.ordinal = d.window.begin();
    work.at_its_turn = d.turns_come > 0;
    if (work.at_its_turn) --d.turns_come;
    settle(entry);
    return work;
  }
  return std::nullopt;
}

Scheduler::Change Scheduler::finished(const Work& work, Reception reception, const Reason& reason,
                                      WallTime now) {
  Entry& entry = under_way(work);
  Destination& d = entry.second;
  d.window.end();
  d.pace.on_ended(now);
  if (work.probe) d.probing = false;
  Change change;
  const bool heard = reception == Reception::served || reception == Reception::pushed_back;
  if (reception == Reception::served) d.window.on_served();
  if (reception == Reception::pushed_back || reception == Reception::unreachable)
    d.window.on_pushed_back(work.ordinal);
  if (heard && d.outage) {
    end_outage(d);
    change.outage_ended = true;
  } else if (reception == Reception::unreachable && !d.outage && may_remember(d)) {
    begin_outage(entry, Outage(reason, now, settings_, random_));
    change.outage_began = true;
    change.turned_away = taken_from(d, d.line.take_last(d.line.size()));
  } else if (reception == Reception::unreachable && d.outage && work.probe) {
    d.outage->on_probe_failed(reason, now, settings_, random_);
    d.probe_due = false;
    set_timer(entry, d.outage->next_probe());
  }
  settle(entry);
  return change;
}

std::vector<Work> Scheduler::give_back(Work work, std::chrono::microseconds wait, WallTime now) {
  using Steps = std::chrono::duration<std::int64_t, std::centi>;
  static_assert(Steps(1) == kTurnStep);
  Entry& entry = under_way(work);
  const WallTime turn = now + std::min<std::chrono::microseconds>(wait, kLongestWait);
  entry.second.turns.emplace(std::chrono::ceil<Steps>(turn.time_since_epoch()));
  set_turn_timer(entry);
  return give_back(std::move(work));
}

std::vector<Work> Scheduler::give_back(Work work) {
  Entry& entry = under_way(work);
  Destination& d = entry.second;
  d.window.end();
  std::vector<Work> turned_away;
  if (d.paused || (d.outage && !work.probe)) {
    turned_away.push_back(std::move(work));
    turned_away = taken_from(d, std::move(turned_away));
  } else {
    d.line.put_back(std::move(work));
  }
  settle(entry);
  return turned_away;
}

std::vector<Work> Scheduler::withdraw(const std::unordered_set<const Message*>& messages) {
  std::vector<Work> taken;
  for (auto it = destinations_.begin(); it != destinations_.end();) {
    Entry& entry = *it++;  // settle() may forget it
    auto from_here = taken_from(entry.second, entry.second.line.withdraw(messages));
    std::move(from_here.begin(), from_here.end(), std::back_inserter(taken));
    settle(entry);
  }
  return taken;
}

std::vector<Work> Scheduler::relieve(Memory memory, WallTime now) {
  Entry* longest = nullptr;
  for (Entry& entry : destinations_)
    if (!entry.second.keeps_up(now) && may_remember(entry.second) &&
        entry.second.line.size() > memory.part &&
        (longest == nullptr || entry.second.line.size() > longest->second.line.size()))
      longest = &entry;
  if (longest == nullptr || longest->second.line.size() < 2) return {};
  Destination& d = longest->second;
  return taken_from(d, d.line.take_last(d.line.size() / 2));
}

bool Scheduler::is_down(const std::string& destination) const {
  const Destination* const known = find(destination);
  return pauses_.contains(destination) ||
         (known != nullptr && known->outage && !known->outage->is_presumed());
}

Reason Scheduler::reason_to_wait(const std::string& destination) const {
  const auto paused = pauses_.find(destination);
  if (paused != pauses_.end()) return paused->second.told_to_recipients();
  const Destination* const known = find(destination);
  if (known != nullptr && known->outage) return known->outage->told_to_recipients(destination);
  // RFC 3463 section 3.5: X.4.5 is congestion of the mail system.
  return {"4.4.5", fmt::format("waits its turn: many messages for {} are before it",
                               told_name(destination))};
}

bool Scheduler::may_remember(const Destination& destination) const noexcept {
  return destination.counted || remembered_ < kMaxRemembered;
}

bool Scheduler::put_behind(const std::string& destination, WallTime now) {
  Entry& entry = entry_of(destination, now);
  Destination& d = entry.second;
  const bool possible = may_remember(d);
  if (possible) {
    d.behind = Behind::many;
    d.more_behind = true;
  }
  settle(entry);
  return possible;
}

void Scheduler::remember(const std::string& destination, WallTime now) {
  Entry& entry = entry_of(destination, now);
  if (may_remember(entry.second)) {
    entry.second.behind = Behind::many;
    const bool may_be_down = entry.second.kind == WorkKind::remote && entry.second.is_idle() &&
                             !entry.second.outage && !entry.second.paused &&
                             !is_of_domain(destination);
    if (may_be_down) begin_outage(entry, Outage::presumed(now, settings_, random_));
  }
  settle(entry);
}

std::vector<Work> Scheduler::pause(Pause pause, WallTime now) {
  Entry& entry = entry_of(pause.destination, now);
  Destination& d = entry.second;
  pauses_[pause.destination] = std::move(pause);
  d.paused = true;
  std::vector<Work> turned_away = taken_from(d, d.line.take_last(d.line.size()));
  settle(entry);
  return turned_away;
}

bool Scheduler::resume(const std::string& destination, WallTime now) {
  if (pauses_.erase(destination) == 0) return false;
  Entry& entry = entry_of(destination, now);
  Destination& d = entry.second;
  d.paused = false;
  if (d.outage) {
    d.outage->probe_at(now);
    set_timer(entry, now);
  }
  settle(entry);
  return true;
}

std::optional<Call> Scheduler::next_call(std::size_t most) {
  while (!calls_.empty() && most > 0) {
    Entry& entry = *calls_.front();
    calls_.pop_front();
    Destination& d = entry.second;
    d.calling = false;
    // Since it called, it may have gone down, or a probe come by itself.
    if (d.wants_more()) {
      d.calling = true;
      d.more_behind = false;
      return Call{entry.first, std::min(d.call_size(), most)};
    }
    settle(entry);
  }
  return std::nullopt;
}

void Scheduler::on_called(const std::string& destination, bool more, WallTime now) {
  Entry& entry = entry_of(destination, now);
  Destination& d = entry.second;
  d.calling = false;
  d.behind = more ? Behind::many : d.more_behind ? Behind::few : Behind::none;
  settle(entry);
}

void Scheduler::begin_outage(Entry& entry, Outage outage) {
  entry.second.outage.emplace(std::move(outage));
  entry.second.probe_due = false;
  set_timer(entry, entry.second.outage->next_probe());
}

void Scheduler::end_outage(Destination& destination) {
  destination.outage.reset();
  if (destination.timer) timers_.erase(*destination.timer);
  destination.timer.reset();
}

void Scheduler::set_timer(Entry& entry, WallTime time) {
  if (entry.second.timer) timers_.erase(*entry.second.timer);
  entry.second.timer = timers_.emplace(time, &entry);
}

void Scheduler::set_turn_timer(Entry& entry) {
  Destination& d = entry.second;
  if (d.turn_timer) turns_.erase(*d.turn_timer);
  d.turn_timer.reset();
  if (!d.turns.empty()) d.turn_timer = turns_.emplace(*d.turns.begin(), &entry);
}

void Scheduler::start_clocks(WallTime now) {
  for (auto& [name, destination] : destinations_) destination.pace = Pace(now);
}

bool Scheduler::let_turns_come(WallTime now) {
  bool any = false;
  const auto has_come = [now](WallTime turn) {
    return turn <= now || turn - now > kLongestWait + kTurnStep;  // the clock was set back
  };
  while (!turns_.empty() && has_come(turns_.begin()->first)) {
    Entry& entry = *turns_.begin()->second;
    Destination& d = entry.second;
    while (!d.turns.empty() && has_come(*d.turns.begin())) {
      d.turns.erase(d.turns.begin());
      ++d.turns_come;
    }
    set_turn_timer(entry);
    settle(entry);
    any = true;
  }
  return any;
}

bool Scheduler::wake(WallTime now) {
  const bool any_turns = let_turns_come(now);
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Entry& entry = *timers_.begin()->second;
    Destination& d = entry.second;
    const bool nobody_came = d.probe_due && !d.probing && d.behind == Behind::none;
    if (nobody_came) {
      end_outage(d);
    } else {
      d.probe_due = true;
      // Messages that were attempted come back by their own schedule: until then it is remembered.
      set_timer(entry, now + 2 * settings_.retry_interval);
    }
    settle(entry);
  }
  return any_turns;
}

std::optional<WallTime> Scheduler::next_wakeup() const {
  std::optional<WallTime> next;
  for (const DestinationTimers* timers : {&timers_, &turns_})
    if (!timers->empty() && (!next || timers->begin()->first < *next))
      next = timers->begin()->first;
  return next;
}

void Scheduler::probe_all(WallTime now) {
  for (auto& entry : destinations_) {
    if (!entry.second.outage || entry.second.probe_due) continue;
    entry.second.outage->probe_at(now);
    set_timer(entry, now);
  }
}

const Destination* Scheduler::find(const std::string& destination) const {
  const auto it = destinations_.find(destination);
  return it == destinations_.end() ? nullptr : &it->second;
}

std::vector<std::pair<std::string, const Outage*>> Scheduler::outages() const {
  std::vector<std::pair<std::string, const Outage*>> found;
  for (const auto& [name, destination] : destinations_)
    if (destination.outage) found.emplace_back(name, &*destination.outage);
  return found;
}

}  // namespace postrider::queued

// destination.h - what queued knows of one destination: its line, how much it bears, whether it is
// down, and what waits behind it.
//
// Behind a destination is a place on disk: rows of queue.db that wait for their turn and not for a
// time. They are called for, oldest first, when the line has become short or the outage is over.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "queued/line.h"
#include "queued/outage.h"
#include "queued/pace.h"
#include "queued/window.h"

namespace postrider::queued {

struct Destination;
using DestinationEntry = std::pair<const std::string, Destination>;
// When an outage may be probed, or forgotten; or a rest is over.
using DestinationTimers = std::multimap<WallTime, DestinationEntry*>;

// What memory bears of messages.
struct Memory {
  std::size_t room = 0;  // so many more
  std::size_t part = 0;  // so many of one destination, whether it keeps up or not
};

struct Destination {
  // What is finished within this time is finished soon.
  static constexpr std::chrono::seconds kSoon{10};
  // The mailboxes stand still if nothing is finished for so long.
  static constexpr std::chrono::seconds kStandstill{30};

  enum class Behind : std::uint8_t {
    none,
    few,   // put there while the last call was carried out: called for at once
    many,  // more than a call brings, or not known: who comes now goes behind them
  };

  Destination(WorkKind k, std::uint64_t limit, WallTime now) : kind(k), window(limit), pace(now) {}

  // Its first in line may begin.
  bool is_eligible() const noexcept {
    return !paused && may_go() && !line.empty() && (kind == WorkKind::local || window.has_room());
  }
  // Its servers bear one more, as far as they have told.
  bool may_go() const noexcept { return turns.empty() || turns_come > 0; }
  // It calls for messages that are behind it.
  bool wants_more() const noexcept;
  // How many it calls for.
  std::size_t call_size() const noexcept { return outage ? 1 : 4 * window.size(); }
  // What it has in line and under way is finished soon, as far as its pace tells.
  bool keeps_up(WallTime now) const noexcept;
  // It may have one more in line.
  bool has_share(Memory memory, WallTime now) const noexcept;
  bool is_idle() const noexcept { return line.empty() && window.under_way() == 0; }

  WorkKind kind;
  Line line;
  Window window;
  Pace pace;
  bool paused = false;  // by an operator
  std::optional<Outage> outage;
  std::optional<DestinationTimers::iterator> timer;  // of the outage
  // When its servers bear one job more, and one more again; none: as many as there are. And how
  // many of these turns have come and were not taken.
  std::multiset<WallTime> turns;
  std::uint64_t turns_come = 0;
  std::optional<DestinationTimers::iterator> turn_timer;  // of the first turn that is to come
  bool probe_due = false;
  bool probing = false;  // a probe stands in the line or is under way
  Behind behind = Behind::none;
  bool calling = false;      // from the moment it wants more until that was brought
  bool more_behind = false;  // put there since it called
  bool in_ring = false;
  bool counted = false;  // among those that are remembered
};

}  // namespace postrider::queued

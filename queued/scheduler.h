// scheduler.h - whose turn it is: a line per destination, round robin between them. No I/O; time is
// handed in.
//
// A destination is a next hop. One that bears no further job now, has no work or is down is not
// in the ring at all, so one that is slow or dead costs the others nothing, and every turn is O(1);
// only relieve(), probe_all() and withdraw() look at all destinations.
//
// A destination may have as many messages in memory as there is room left for all others; what its
// window holds, or its part, it may have in any case, and more if it keeps up. So memory can still
// be filled by as many destinations that hang as active_limit has windows (20,000 / 5 by default),
// until their time-outs. Work beyond that is turned away, as is all work but a probe while the
// destination is down: its message goes behind its destination, to wait there until it is called
// for.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "queued/call.h"
#include "queued/destination.h"
#include "queued/pause.h"
#include "queued/reception.h"

namespace postrider::queued {

class Scheduler {
 public:
  // Destinations that are down or have messages behind them.
  static constexpr std::size_t kMaxRemembered = 10'000;
  // Destinations that operators may have paused at a time.
  static constexpr std::size_t kMaxPaused = 1'000;

  // Until a turn, at most, whatever is told.
  static constexpr std::chrono::minutes kLongestWait{5};
  // Turns come together that come within this time: waking for each would cost more than the work.
  static constexpr std::chrono::milliseconds kTurnStep{10};

  // Both outlive the Scheduler.
  Scheduler(const config::Settings::Queue& settings, Random& random)
      : settings_(settings), random_(random) {}
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Puts the work into its line; or turns it away, and says why. `called`: its destination called
  // for it.
  std::optional<Reason> add(Work work, Memory memory, bool called, WallTime now);

  // The next work of this kind, now under way; nothing if all that waits is at its bound.
  std::optional<Work> next(WorkKind kind);

  // What the end of a job changed for its destination.
  struct Change {
    bool outage_began = false;
    bool outage_ended = false;
    std::vector<Work> turned_away;  // from the line
  };
  // A job is no longer under way. `reason`: why the destination was unreachable, where it was.
  Change finished(const Work& work, Reception reception, const Reason& reason, WallTime now);
  // A job is no longer under way, and its work is as if it had never begun. Gives it if it is
  // turned away, as its destination went down meanwhile.
  std::vector<Work> give_back(Work work);
  // The same, as the destination's servers bear no more: there is a turn for one job after `wait`,
  // or kLongestWait, and while any is to come no job goes without one.
  std::vector<Work> give_back(Work work, std::chrono::microseconds wait, WallTime now);

  // Takes back the work that waits for these messages; looks at each line once.
  std::vector<Work> withdraw(const std::unordered_set<const Message*>& messages);
  // Memory is full: turns away half of the longest line whose destination does not keep up and has
  // more than its part, those that would wait longest. Looks at each destination once.
  std::vector<Work> relieve(Memory memory, WallTime now);
  // What the recipients of work that was turned away are told.
  Reason reason_to_wait(const std::string& destination) const;

  // Nobody served until now: no destination is to be found slow for that.
  void start_clocks(WallTime now);

  // A message goes behind `destination`; false if no further destination can be remembered.
  bool put_behind(const std::string& destination, WallTime now);
  // An earlier life of queued left messages behind `destination`.
  void remember(const std::string& destination, WallTime now);

  // Nothing more goes to the destination before it is resumed: gives the work of its line, turned
  // away. Paused once more, it has another reason.
  std::vector<Work> pause(Pause pause, WallTime now);
  // False: it was not paused.
  bool resume(const std::string& destination, WallTime now);
  // Those that are paused, by destination.
  const std::map<std::string, Pause>& pauses() const noexcept { return pauses_; }

  // The next destination that calls for messages that are behind it, for `most` of them at most.
  std::optional<Call> next_call(std::size_t most);
  // They were brought. `more`: there may be more behind it than were there now.
  void on_called(const std::string& destination, bool more, WallTime now);

  // Lets destinations be probed, or forgotten, or have their turn, whose time has come. True: there
  // may be work that there was not.
  bool wake(WallTime now);
  // When wake() has something to do.
  std::optional<WallTime> next_wakeup() const;
  // Lets every destination that is down be probed at once.
  void probe_all(WallTime now);

  // Whether it could not be reached when it was tried last, or is paused.
  bool is_down(const std::string& destination) const;
  // What is known of a destination; null: nothing.
  const Destination* find(const std::string& destination) const;
  std::vector<std::pair<std::string, const Outage*>> outages() const;
  std::size_t destinations() const noexcept { return destinations_.size(); }

 private:
  using Entry = DestinationEntry;

  Entry& entry_of(const std::string& destination, WallTime now);
  // Precondition: `work` is under way.
  Entry& under_way(const Work& work);
  std::list<Entry*>& ring(WorkKind kind) { return kind == WorkKind::local ? local_ : remote_; }
  // Puts the destination into its ring, lets it call, or forgets it, as its state demands.
  void settle(Entry& entry);
  bool may_remember(const Destination& destination) const noexcept;
  void begin_outage(Entry& entry, Outage outage);
  void end_outage(Destination& destination);
  void set_timer(Entry& entry, WallTime time);
  void set_turn_timer(Entry& entry);
  bool let_turns_come(WallTime now);

  const config::Settings::Queue& settings_;
  Random& random_;
  std::unordered_map<std::string, Destination> destinations_;
  std::list<Entry*> local_;
  std::list<Entry*> remote_;
  std::deque<Entry*> calls_;
  DestinationTimers timers_;  // of outages
  DestinationTimers turns_;
  std::size_t remembered_ = 0;
  std::map<std::string, Pause> pauses_;
};

}  // namespace postrider::queued

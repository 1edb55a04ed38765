// budget.h - what an address, or all that a [[destination]] matches, is asked to bear: connections
// at a time, messages in their turns; and who waits for a share of it.
//
// Several queues may draw on one budget, and a queue on two. They get connections and turns in the
// order in which they asked. While one waits that has no connection, those that have some open no
// further ones, carry few messages by each, and leave those without work.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>

#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "deliverd/remote/throttle.h"
#include "deliverd/remote/waiting_list.h"

namespace postrider::deliverd {

class Budget {
 public:
  using microseconds = std::chrono::microseconds;

  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
  // After so many messages a server that refused one more connection is asked for it again.
  static constexpr std::uint64_t kUntilOneMore = 1000;
  // Transfers may wait for a share whose turn comes within kSoon; kFew where no pace is kept; never
  // more than kMany, as they take the credit of others; none where the next turn is beyond kNear.
  static constexpr microseconds kSoon = std::chrono::milliseconds{100};
  static constexpr microseconds kNear = std::chrono::seconds{1};
  static constexpr std::uint64_t kFew = 50;
  static constexpr std::uint64_t kMany = 200;
  // When the others are to be asked for again: after so many turns, within these times.
  static constexpr int kTurnsAhead = 20;
  static constexpr microseconds kSoonest = std::chrono::milliseconds{20};
  static constexpr microseconds kLate = std::chrono::seconds{3};
  static constexpr microseconds kLatest = std::chrono::minutes{1};

  class Claimant {
   public:
    // A connection, or a turn, may be there for it: it asks again.
    virtual void on_share() = 0;
    // Another waits for a connection: it closes one that has no work.
    virtual void give_up_idle() = 0;

   protected:
    ~Claimant() = default;
  };

  // `connections`: at a time. `loop` outlives the budget.
  Budget(event::EventLoop& loop, std::uint64_t connections, const config::Rate& rate);
  ~Budget() { *alive_ = false; }
  Budget(const Budget&) = delete;

  // A connection counts until it is destroyed.
  void on_opening(Claimant& claimant);
  void on_session();
  void on_closing(bool had_session);
  void on_closed();
  std::uint64_t open() const noexcept { return open_; }
  // The server gave no session on one that is closing. True: for a while there are no more than the
  // others: so many it bears.
  bool on_refused() noexcept;

  // Room for a connection of one who may have `most` open there, together with all others.
  bool has_room(std::uint64_t most = kNoLimit) const noexcept;
  // on_share() is called when there may be room, until on_opening() or stop_waiting().
  void await_connection(Claimant& claimant, std::uint64_t most = kNoLimit);
  void stop_waiting(Claimant& claimant);
  // One that has no connection finds no room here.
  bool is_contended() const noexcept { return !short_.empty(); }
  void set_idle(Claimant& claimant, bool idle);

  // Whether it is the claimant's turn; if not, on_share() is called once when it is.
  bool may_begin(Claimant& claimant);
  // A message begins, or soon does. Precondition: may_begin().
  void take_turn();
  Throttle& throttle() noexcept { return throttle_; }
  // More connections would not make it quicker, as long as there is one for each turn.
  bool is_paced() const noexcept { return throttle_.interval() > std::chrono::nanoseconds{0}; }

  // Transfers that wait for a share.
  void on_waiting();
  void on_no_longer_waiting(std::uint64_t count) noexcept;
  // About how long one message waits for the one before it, where many do.
  microseconds step() const noexcept;
  // Nothing: one more may wait here. Else when it is to be asked for again, at a turn of its own.
  // `at_its_turn`: it was told so before.
  std::optional<microseconds> postpone(bool at_its_turn);
  bool is_near() const noexcept;    // a turn is, and fewer than kMany wait for it
  void forget(Claimant& claimant);  // it is gone

 private:
  std::uint64_t most_waiting() const noexcept;
  std::uint64_t most_opening() const noexcept;
  void share_connections_later();
  void share_connections();
  void share_turns();

  event::EventLoop& loop_;
  const std::uint64_t connections_;
  std::uint64_t limit_;      // of these, lowered to what the server bore when it refused one more
  std::uint64_t borne_ = 0;  // messages begun since
  std::uint64_t open_ = 0;
  std::uint64_t opening_ = 0;  // of these, without a session yet
  std::uint64_t closing_ = 0;  // of these, about to be destroyed
  std::uint64_t waiting_ = 0;
  microseconds waiting_since_{0};  // or since a turn was taken
  bool in_demand_ = false;         // others have waited since then
  Throttle throttle_;
  microseconds promised_{0};  // the last turn that one was told to come again for
  event::Timer turn_;
  WaitingList<Claimant> for_connection_;
  std::set<Claimant*> short_;  // of these, for whom there was no room here when they asked
  WaitingList<Claimant> for_turn_;
  Claimant* served_ = nullptr;  // whose turn it is
  std::set<Claimant*> idle_;
  bool sharing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // second owner: a deferred task
};

}  // namespace postrider::deliverd

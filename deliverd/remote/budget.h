// budget.h - what an address, or all that a [[destination]] matches, is asked to bear: so many
// connections at a time, so many messages in a time; and who waits for a share of it.
//
// Several queues may draw on one budget. They get connections and turns in the order in which they
// asked; one that holds a connection without work gives it up to one that has none.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <set>

#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "deliverd/remote/throttle.h"

namespace postrider::deliverd {

class Budget {
 public:
  using microseconds = std::chrono::microseconds;

  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
  // Transfers that may wait for a share are those whose turn comes within this time; but, where no
  // pace is prescribed, kFew in any case, and never more than kMany: what waits here takes the
  // credit that mail for others needs.
  static constexpr microseconds kSoon = std::chrono::milliseconds{100};
  static constexpr std::uint64_t kFew = 50;
  static constexpr std::uint64_t kMany = 500;
  // When those that may not wait are asked for again.
  static constexpr microseconds kSoonest = std::chrono::milliseconds{10};
  static constexpr microseconds kLatest = std::chrono::minutes{1};

  // After so many messages a server that refused one more connection is asked to bear it again.
  static constexpr std::uint64_t kUntilOneMore = 1000;

  class Claimant {
   public:
    // A connection, or a turn, may be there for it: it asks again.
    virtual void on_share() = 0;
    // Whether every budget that it draws on has a connection for it.
    virtual bool may_connect() const = 0;
    // Another waits for a connection: it closes one that has no work.
    virtual void give_up_idle() = 0;

   protected:
    ~Claimant() = default;
  };

  // `connections`: at a time. `loop` outlives the budget.
  Budget(event::EventLoop& loop, std::uint64_t connections, const config::Rate& rate);
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;
  ~Budget() { *alive_ = false; }

  // `most`: what the claimant may have open there, with all others.
  bool has_room(std::uint64_t most = kNoLimit) const noexcept {
    return open_ < std::min(limit_, most);
  }
  std::uint64_t open() const noexcept { return open_; }
  void on_opened() noexcept { ++open_; }
  void on_closed();
  // The server gave no session on a connection, which is closed. True: others are open or being
  // opened, and for a while no more of them are: that is how many it bears.
  bool on_refused() noexcept;
  // on_share() is called when a connection has been closed. Precondition: has_room() denied it.
  void await_connection(Claimant& claimant);
  // Others wait for a connection: none is to be kept for long.
  bool is_contended() const noexcept { return !for_connection_.empty(); }
  void set_idle(Claimant& claimant, bool idle);

  // Whether a message may begin; if not, on_share() is called when one may.
  bool may_begin(Claimant& claimant);
  void on_begun();
  Throttle& throttle() noexcept { return throttle_; }

  // Transfers that wait for a share.
  void on_waiting(std::uint64_t count) noexcept { waiting_ += count; }
  void on_no_longer_waiting(std::uint64_t count) noexcept { waiting_ -= count; }
  // About how long one message waits for the one before it, where many do.
  microseconds step() const noexcept;
  // More connections would not make it quicker.
  bool is_paced() const noexcept { return throttle_.interval() > std::chrono::nanoseconds{0}; }
  // Nothing: one more may wait here. Else the time after which it is to be asked for again, when
  // its turn comes if all come that were told so.
  std::optional<microseconds> postpone();

  // The claimant is gone.
  void forget(Claimant& claimant);

 private:
  std::uint64_t most_waiting() const noexcept;
  void share_connections_later();
  void share_turns();

  event::EventLoop& loop_;
  const std::uint64_t connections_;
  std::uint64_t limit_;      // of these, lowered to what the server bore when it refused one more
  std::uint64_t borne_ = 0;  // messages begun since
  std::uint64_t open_ = 0;
  std::uint64_t waiting_ = 0;
  Throttle throttle_;
  microseconds begun_{0};     // when a message began
  microseconds service_{0};   // between two of them lately, while others waited
  bool in_demand_ = false;    // others have waited since one began
  microseconds promised_{0};  // until when turns are given away to those that come again
  event::Timer turn_;
  std::list<Claimant*> for_connection_;
  std::list<Claimant*> for_turn_;
  std::set<Claimant*> idle_;
  Claimant* served_ = nullptr;  // whose turn it is
  bool sharing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // second owner: a deferred task
};

}  // namespace postrider::deliverd

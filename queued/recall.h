// recall.h - what comes back from the old generation: messages whose time has come, and messages
// that their destination calls for.
//
// Both are read in portions, as far as memory has room, and never more than half of it, so that new
// mail does not wait behind a backlog. One call is carried out at a time: what it brought is in
// line before the next is decided.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "queued/scheduler.h"
#include "queued/store_thread.h"

namespace postrider::queued {

class Recall {
 public:
  class Owner {
   public:
    // Messages that memory has room for, without those that are expected.
    virtual std::size_t room() const = 0;
    // `called_by`: the destination that called for it, or "". Where it is named, on_decided() is
    // due as soon as the message is in line or was turned away.
    virtual void on_recalled(MessageData data, const std::string& called_by) = 0;
    // There may be more to do, or more room.
    virtual void on_portion_ended() = 0;
    // The store answered, or why it could not.
    virtual void on_store_asked(const Error* failure) = 0;

   protected:
    ~Owner() = default;
  };

  // Messages that one look at the old generation brings.
  static constexpr std::size_t kDuePortion = 500;
  // Calls that are carried out by one question to the store, at most: each waits for its turn
  // there.
  static constexpr std::size_t kCallsTogether = 32;
  // When the store is asked again that could not answer.
  static constexpr std::chrono::seconds kRetry{10};

  // All outlive the Recall.
  Recall(StoreThread& store, Scheduler& scheduler, const Clock& clock, Owner& owner);
  Recall(const Recall&) = delete;
  Recall& operator=(const Recall&) = delete;

  // Asks for what is due and for what is called for; the first time also, for which destinations an
  // earlier life left messages that wait.
  void wake();
  void bring_called();
  // A message waits from now on for this time.
  void on_scheduled(WallTime time);

  // When wake() will find something due; nothing while it is being asked, or if nothing waits.
  std::optional<WallTime> next_due() const;
  // Messages that were asked for and did not come yet.
  std::size_t expected() const noexcept { return expected_; }

  // A message that was called for is in line, or was turned away.
  void on_decided();

 private:
  void ask_who_waits();
  void take_due();
  void end_calls();
  void on_failed(const Error& error);
  // After a failure; a clock that was set back ends it.
  bool rests() const;
  // Half of the room: new mail has the other. An odd place is for each in turn.
  std::size_t share() const;

  struct Carried {
    Call call;
    bool more = true;  // there may be, behind those that were brought
  };

  StoreThread& store_;
  Scheduler& scheduler_;
  const Clock& clock_;
  Owner& owner_;
  std::size_t expected_ = 0;
  WallTime rests_until_;
  bool odd_place_is_ours_ = false;
  bool who_waits_is_known_ = false;
  PendingPtr asking_who_waits_;
  PendingPtr taking_due_;
  std::optional<WallTime> next_due_;  // empty: nothing waits in the old generation
  std::vector<Carried> carried_;      // the calls that are being carried out, together
  PendingPtr bringing_;
  std::size_t undecided_ = 0;  // brought by them, and neither in line nor turned away
};

}  // namespace postrider::queued

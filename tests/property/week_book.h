// week_book.h - what has become of each recipient in a week, as the jobs, the reports and the log
// tell it, and what must be true of each of these when it happens.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/clock.h"
#include "common/ipc/messages.pb.h"

namespace postrider::test {

using namespace std::chrono_literals;

// The address of a recipient is its own: no two messages have the same.
struct Fate {
  std::string message;
  bool under_way = false;
  unsigned fates = 0;    // delivered, bounced, expired, deleted
  unsigned bounces = 0;  // that tell of it
  unsigned warnings = 0;
  std::optional<WallTime> deferred;  // by the last attempt
  std::uint64_t deferred_at = 0;     // that time among all that happened
  std::string next_hop;              // that it goes by if it is attempted; empty: not known
  WallTime expires;                  // when it is attempted last
};

class Book {
 public:
  // An attempt is not repeated sooner, unless an operator asked for it: the interval of retries
  // with the most of its jitter.
  static constexpr std::chrono::minutes kSoonest{27};

  void accept(const std::string& message, const std::string& recipient, std::string next_hop,
              WallTime expires) {
    fates_[recipient] = {.message = message, .next_hop = std::move(next_hop), .expires = expires};
    messages_[message].insert(recipient);
  }
  void route(const std::string& recipient, std::string next_hop) {
    fates_.at(recipient).next_hop = std::move(next_hop);
  }

  void hand_out(const ipc::Job& job, WallTime now) {
    INFO("job of " << job.message_id() << " by " << job.next_hop());
    REQUIRE(stopped.count(job.message_id()) == 0);
    REQUIRE(paused.count(job.next_hop()) == 0);
    for (const ipc::JobRecipient& to : job.recipients()) {
      Fate& fate = fates_.at(to.address());
      INFO("to " << to.address());
      REQUIRE(paused.count("domain:" + to.address().substr(to.address().find('@') + 1)) == 0);
      if (!fate.next_hop.empty()) REQUIRE(job.next_hop() == fate.next_hop);
      REQUIRE_FALSE(std::exchange(fate.under_way, true));
      if (fate.fates > 0) REQUIRE(unsure(fate));
      const bool measured = fate.deferred && fate.deferred_at > changed_[fate.message] &&
                            fate.deferred_at > clock_set_at_;
      if (measured && now < fate.expires) REQUIRE(now - *fate.deferred >= kSoonest);
    }
  }
  void answer(const std::string& recipient, ipc::Outcome outcome, WallTime now) {
    Fate& fate = fates_.at(recipient);
    fate.under_way = false;
    fate.deferred.reset();
    if (outcome == ipc::DEFERRED) fate.deferred = now;
    fate.deferred_at = ++ordinal_;
    if (wished_.count(fate.message) > 0) change(fate.message);
  }
  // Its deliverd died.
  void lose(const std::string& recipient) { fates_.at(recipient).under_way = false; }
  // queued died: what an operator wanted of it meanwhile is not known any more.
  void forget(const std::string& recipient) {
    lose(recipient);
    fates_.at(recipient).next_hop.clear();
  }

  // An operator has changed when it is attempted: at once, or as soon as no job is under way.
  void change(const std::string& message) {
    changed_[message] = ++ordinal_;
    if (!is_under_way(message))
      wished_.erase(message);
    else
      wished_.insert(message);
  }
  // The clock was set: it does not measure what has passed since an attempt before.
  void set_clock() { clock_set_at_ = ++ordinal_; }
  // It was killed before what had happened was durable: that may happen again.
  void doubt(const std::string& message) {
    doubted_.insert(message);
    change(message);
  }

  void report(const std::string& action, const std::string& recipient) {
    Fate& fate = fates_.at(recipient);
    INFO(action << " report about " << recipient);
    REQUIRE(stopped.count(fate.message) == 0);
    unsigned& count = action == "failed" ? fate.bounces : fate.warnings;
    REQUIRE((++count == 1 || unsure(fate)));
  }
  void end(const std::string& event, const std::string& recipient) {
    Fate& fate = fates_.at(recipient);
    INFO(event << " " << recipient);
    REQUIRE((++fate.fates == 1 || unsure(fate)));
    if (event == "bounced" || event == "expired") REQUIRE(fate.bounces > 0);
    if (event == "deleted") REQUIRE(deletable.count(fate.message) == 1);
  }

  bool is_under_way(const std::string& message) const {
    for (const std::string& recipient : messages_.at(message))
      if (fates_.at(recipient).under_way) return true;
    return false;
  }
  // Whoever has no fate is in the queue.
  void check_nothing_lost(const std::set<std::string>& queued) const {
    for (const auto& [recipient, fate] : fates_) {
      INFO(recipient << " of " << fate.message);
      // Killed between the deletion and its line in the log.
      const bool erased_in_doubt = unsure(fate) && deletable.count(fate.message) > 0;
      if (fate.fates == 0 && !erased_in_doubt) REQUIRE(queued.count(fate.message) == 1);
    }
  }
  void check_all_ended() const { check_nothing_lost({}); }
  std::size_t recipients() const { return fates_.size(); }

  std::set<std::string> stopped;    // messages that are held or deleted
  std::set<std::string> deletable;  // messages whose deletion can no longer be undone
  std::set<std::string> paused;     // destinations

 private:
  bool unsure(const Fate& fate) const { return doubted_.count(fate.message) == 1; }

  std::map<std::string, Fate> fates_;                      // by recipient
  std::map<std::string, std::set<std::string>> messages_;  // their recipients
  std::map<std::string, std::uint64_t> changed_;           // when, by message
  std::set<std::string> wished_;                           // messages that are to be changed
  std::set<std::string> doubted_;
  std::uint64_t clock_set_at_ = 0;
  std::uint64_t ordinal_ = 0;
};

}  // namespace postrider::test

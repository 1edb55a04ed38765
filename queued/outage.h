// outage.h - the memory of a destination that cannot be reached: since when, why, when to ask
// again.
//
// The time to the next probe doubles with each that fails, from kFirstWait to the interval of
// retries; each is drawn with the jitter of retries.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/config/settings.h"

namespace postrider::queued {

// Why recipients are deferred: an enhanced status code, and words.
struct Reason {
  std::string status;
  std::string words;
};

// A destination, with each of its next hops, as senders may be told of it.
std::string told_name(std::string_view destination);

class Outage {
 public:
  static constexpr std::chrono::minutes kFirstWait{1};

  // It could not be reached just now.
  Outage(Reason reason, WallTime now, const config::Settings::Queue& settings, Random& random);
  // It was left with messages waiting for it by an earlier life of queued: whether it is down is
  // not known. The first probe comes within the first wait, at random, so that not all come at
  // once.
  static Outage presumed(WallTime now, const config::Settings::Queue& settings, Random& random);

  // The probe could not reach it either.
  void on_probe_failed(Reason reason, WallTime now, const config::Settings::Queue& settings,
                       Random& random);

  bool is_presumed() const noexcept { return presumed_; }
  const Reason& reason() const noexcept { return reason_; }
  WallTime since() const noexcept { return since_; }
  WallTime next_probe() const noexcept { return next_probe_; }
  // An operator wants to know now.
  void probe_at(WallTime time) noexcept { next_probe_ = time; }

  // What a recipient is told: "waiting for mx:x.test: connection timed out since 2026-11-21 23:10
  // UTC".
  Reason told_to_recipients(const std::string& destination) const;

 private:
  Reason reason_;
  WallTime since_;
  WallTime next_probe_;
  std::chrono::microseconds wait_;
  bool presumed_ = false;
};

}  // namespace postrider::queued

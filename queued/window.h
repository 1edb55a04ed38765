// window.h - how many jobs at a time a destination bears: found out by trying.
//
// It begins low, grows by one for each whole window of jobs that were served, and is halved when
// the destination pushes back or cannot be reached (additive increase, multiplicative decrease, as
// TCP's congestion window). Jobs that were under way already when it was halved say nothing new and
// do not halve it again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/base/check.h"

namespace postrider::queued {

class Window {
 public:
  static constexpr std::uint64_t kInitial = 5;

  explicit Window(std::uint64_t limit) : limit_(limit), size_(std::min(kInitial, limit)) {}

  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t under_way() const noexcept { return under_way_; }
  bool has_room() const noexcept { return under_way_ < size_; }

  // A job begins; gives its ordinal, which is never 0.
  std::uint64_t begin() noexcept {
    ++under_way_;
    return ++begun_;
  }
  // A job is no longer under way.
  void end() {
    POSTRIDER_CHECK(under_way_ > 0);
    --under_way_;
  }

  // What the end of a job told.
  void on_served() noexcept {
    if (++served_ < size_) return;
    served_ = 0;
    size_ = std::min(size_ + 1, limit_);
  }
  void on_pushed_back(std::uint64_t ordinal) noexcept {
    if (ordinal <= begun_when_halved_) return;
    begun_when_halved_ = begun_;
    served_ = 0;
    size_ = std::max<std::uint64_t>(size_ / 2, 1);
  }

 private:
  std::uint64_t limit_;
  std::uint64_t size_;
  std::uint64_t under_way_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t served_ = 0;  // since the size changed
  std::uint64_t begun_when_halved_ = 0;
};

}  // namespace postrider::queued

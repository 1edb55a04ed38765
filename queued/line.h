// line.h - the work that waits for one destination: light mail first, and heavy mail in its turn.
//
// Two rows, each first come first served. While both wait, every (kLightPerHeavy + 1)-th turn is the
// heavy row's. So the n-th of the heavy row has waited for at most n * kLightPerHeavy light ones when
// it goes, and the n-th of the light row for at most n / kLightPerHeavy + 1 heavy ones: nothing
// starves.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_set>
#include <vector>

#include "queued/work.h"

namespace postrider::queued {

class Line {
 public:
  static constexpr unsigned kLightPerHeavy = 4;
  // A message is light that is as small as a letter, and goes to as few as a letter does.
  static constexpr std::uint64_t kLightOctets = 64U * 1024U;
  static constexpr std::size_t kLightRecipients = 5;

  bool empty() const noexcept { return light_.empty() && heavy_.empty(); }
  std::size_t size() const noexcept { return light_.size() + heavy_.size(); }

  void push(Work work);
  // Of work that was given back: it goes next.
  void push_front(Work work) { light_.push_front(std::move(work)); }
  // Precondition: not empty().
  Work pop();

  // The `count` that would wait longest: the last of the heavy, then the last of the light.
  std::vector<Work> take_last(std::size_t count);
  // What waits for these messages.
  std::vector<Work> withdraw(const std::unordered_set<const Message*>& messages);

 private:
  std::deque<Work> light_;
  std::deque<Work> heavy_;
  unsigned light_turns_ = 0;  // since heavy work had its turn, while some waited
};

}  // namespace postrider::queued

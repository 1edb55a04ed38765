// line.h - the work that waits for one destination: urgent mail first, then light, and heavy mail
// in its turn.
//
// Three rows, each first come first served. While a row and one behind it wait, every (kTurns +
// 1)-th of the turns that come to the row is passed on to those behind it. So where urgent mail
// does not wait, the n-th of the heavy row has waited for at most n * kTurns light ones when it
// goes, and where it does, the rows behind it have every fifth turn all the same: nothing starves.
//
// Mail of a priority above 0 is urgent (RFC 6710), of one below 0 it is heavy.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <unordered_set>
#include <vector>

#include "queued/work.h"

namespace postrider::queued {

class Line {
 public:
  static constexpr unsigned kTurns = 4;
  // A message is light that is as small as a letter, and goes to as few as a letter does.
  static constexpr std::uint64_t kLightOctets = 64U * 1024U;
  static constexpr std::size_t kLightRecipients = 5;

  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept;

  void push(Work work);
  // Of work that was given back: it goes before what has not gone yet, as it did before.
  void put_back(Work work);
  // Precondition: not empty().
  Work pop();

  // The `count` that would wait longest: the last of the heavy, then of the light, then of the
  // urgent.
  std::vector<Work> take_last(std::size_t count);
  // What waits for these messages.
  std::vector<Work> withdraw(const std::unordered_set<const Message*>& messages);

 private:
  struct Row {
    std::deque<Work> works;
    unsigned turns = 0;  // since it passed one on, while others waited behind it
  };
  bool any_behind(std::size_t row) const noexcept;

  std::array<Row, 3> rows_;  // urgent, light, heavy
};

}  // namespace postrider::queued

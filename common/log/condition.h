// condition.h - something that is wrong for a while, as a full disk: the log says so when it begins
// and when it is over, not for each message that suffers. One thread; Logger and Clock outlive it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "common/base/clock.h"
#include "common/log/log.h"

namespace postrider::log {

class Condition {
 public:
  // While it lasts, and when it comes and goes, it is told at most this often.
  static constexpr std::chrono::minutes kQuiet{1};

  // The names of the events that tell of its beginning (an error) and its end, and what the
  // beginning means for the users. Literals: they are not copied.
  struct Words {
    std::string_view begins;
    std::string_view ends;
    std::string_view effect;
  };

  Condition(Logger& log, const Clock& clock, const Words& words) noexcept
      : log_(log), clock_(clock), words_(words) {}

  void holds(std::string_view reason);
  // Costs nothing when the log was not told that it holds.
  void passed();

 private:
  Logger& log_;
  const Clock& clock_;
  const Words words_;
  std::optional<WallTime> told_at_;
  bool told_ = false;  // and not yet that it passed
};

}  // namespace postrider::log

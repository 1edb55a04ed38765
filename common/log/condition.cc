#include "common/log/condition.h"

#include <utility>

namespace postrider::log {

void Condition::holds(std::string_view reason) {
  const WallTime now = clock_.now();
  if (told_at_ && *told_at_ <= now && now - *told_at_ < kQuiet) return;
  told_at_ = now;
  told_ = true;
  log_.error(words_.begins).with("reason", reason).with("effect", words_.effect);
}

void Condition::passed() {
  if (std::exchange(told_, false)) log_.info(words_.ends);
}

}  // namespace postrider::log

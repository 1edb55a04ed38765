#include "tests/sink/pace.h"

#include <algorithm>

namespace postrider::sink {

void Pace::on_message(Seconds now) {
  const Seconds due = due_.value_or(now);
  most_ahead_ = std::max(most_ahead_, due - now);
  due_ = std::max(due, now) + interval_;
}

}  // namespace postrider::sink

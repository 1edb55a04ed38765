#include "deliverd/remote/budget.h"

#include <algorithm>
#include <utility>

namespace postrider::deliverd {

namespace {

using Claimants = std::list<Budget::Claimant*>;

bool stands_in(const Claimants& claimants, const Budget::Claimant* claimant) {
  return std::find(claimants.begin(), claimants.end(), claimant) != claimants.end();
}

}  // namespace

Budget::Budget(event::EventLoop& loop, std::uint64_t connections, const config::Rate& rate)
    : loop_(loop),
      connections_(connections),
      limit_(connections),
      throttle_(rate),
      turn_(loop, [this] { share_turns(); }) {}

void Budget::on_closed() {
  --open_;
  if (open_ == 0) limit_ = connections_;
  if (is_contended()) share_connections_later();
}

bool Budget::on_refused() noexcept {
  if (open_ == 0) return false;
  limit_ = std::min(limit_, open_);
  borne_ = 0;
  return true;
}

void Budget::await_connection(Claimant& claimant) {
  if (!stands_in(for_connection_, &claimant)) for_connection_.push_back(&claimant);
  if (!idle_.empty()) (*idle_.begin())->give_up_idle();
}

void Budget::set_idle(Claimant& claimant, bool idle) {
  idle ? static_cast<void>(idle_.insert(&claimant)) : static_cast<void>(idle_.erase(&claimant));
}

// Once this turn is over: what closed is destroyed first.
void Budget::share_connections_later() {
  if (std::exchange(sharing_, true)) return;
  loop_.defer([this, alive = alive_] {
    if (!*alive) return;
    sharing_ = false;
    // Some may lack a connection of another budget, and some may go meanwhile.
    for (Claimant* const claimant : Claimants(for_connection_)) {
      if (!stands_in(for_connection_, claimant) || !claimant->may_connect()) continue;
      for_connection_.remove(claimant);
      claimant->on_share();
    }
  });
}

bool Budget::may_begin(Claimant& claimant) {
  const microseconds wait = throttle_.wait(loop_.now());
  if (wait == microseconds{0} && (for_turn_.empty() || served_ == &claimant)) return true;
  if (for_turn_.empty()) turn_.arm(std::max(wait, microseconds{1}));
  if (!stands_in(for_turn_, &claimant)) for_turn_.push_back(&claimant);
  return false;
}

void Budget::on_begun() {
  constexpr int kSmoothing = 16;
  const microseconds now = loop_.now();
  if (in_demand_) service_ += (now - begun_ - service_) / kSmoothing;
  begun_ = now;
  in_demand_ = waiting_ > 0;
  if (limit_ < connections_ && ++borne_ % kUntilOneMore == 0) ++limit_;
  throttle_.begin(now);
}

void Budget::share_turns() {
  while (!for_turn_.empty()) {
    const microseconds wait = throttle_.wait(loop_.now());
    if (wait > microseconds{0}) return turn_.arm(wait);
    served_ = for_turn_.front();
    for_turn_.pop_front();
    served_->on_share();
    served_ = nullptr;
  }
}

Budget::microseconds Budget::step() const noexcept {
  constexpr microseconds kShortest{50};
  const auto prescribed = std::chrono::ceil<microseconds>(throttle_.interval());
  return std::max({prescribed, service_, kShortest});
}

std::uint64_t Budget::most_waiting() const noexcept {
  const auto soon = static_cast<std::uint64_t>(kSoon / step());
  if (is_paced()) return std::clamp<std::uint64_t>(soon, 1, kMany);
  return service_ == service_.zero() ? kFew : std::clamp(soon, kFew, kMany);
}

std::optional<Budget::microseconds> Budget::postpone() {
  if (waiting_ < most_waiting()) return std::nullopt;
  const microseconds now = loop_.now();
  promised_ = std::max(promised_, now + static_cast<microseconds::rep>(waiting_) * step()) + step();
  promised_ = std::clamp(promised_, now + kSoonest, now + kLatest);
  return promised_ - now;
}

void Budget::forget(Claimant& claimant) {
  for_connection_.remove(&claimant);
  for_turn_.remove(&claimant);
  idle_.erase(&claimant);
  if (served_ == &claimant) served_ = nullptr;
}

}  // namespace postrider::deliverd

#include "deliverd/remote/budget.h"

#include <algorithm>
#include <utility>

namespace postrider::deliverd {

Budget::Budget(event::EventLoop& loop, std::uint64_t connections, const config::Rate& rate)
    : loop_(loop),
      connections_(connections),
      limit_(connections),
      throttle_(rate),
      turn_(loop, [this] { share_turns(); }) {}

void Budget::on_opening(Claimant& claimant) {
  ++open_;
  ++opening_;
  stop_waiting(claimant);
}

void Budget::on_session() {
  --opening_;
  share_connections_later();
}

void Budget::on_closing(bool had_session) {
  ++closing_;
  if (!had_session) --opening_;
}

void Budget::on_closed() {
  --closing_;
  --open_;
  if (open_ == 0) limit_ = connections_;
  share_connections_later();
}

bool Budget::on_refused() noexcept {
  const std::uint64_t others = open_ - closing_;
  if (others == 0) return false;
  limit_ = std::min(limit_, others);
  borne_ = 0;
  return true;
}

bool Budget::has_room(std::uint64_t most) const noexcept {
  return open_ < std::min(limit_, most) && opening_ < most_opening();
}

// As many as messages may begin within kNear: one turn is not met by a crowd.
std::uint64_t Budget::most_opening() const noexcept {
  if (!is_paced()) return kNoLimit;
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(kNear / throttle_.interval()), 1);
}

void Budget::await_connection(Claimant& claimant, std::uint64_t most) {
  if (for_connection_.add(claimant)) share_connections_later();
  if (has_room(most)) {
    short_.erase(&claimant);
    return;
  }
  short_.insert(&claimant);
  if (!idle_.empty()) (*idle_.begin())->give_up_idle();
}

void Budget::stop_waiting(Claimant& claimant) {
  for_connection_.remove(claimant);
  short_.erase(&claimant);
}

void Budget::set_idle(Claimant& claimant, bool idle) {
  if (idle) {
    idle_.insert(&claimant);
  } else {
    idle_.erase(&claimant);
  }
}

void Budget::share_connections_later() {
  if (for_connection_.empty() || !has_room() || std::exchange(sharing_, true)) return;
  loop_.defer([this, alive = alive_] {
    if (*alive) share_connections();
  });
}

// One may lack a connection of another budget: it goes on waiting, and the next is asked.
void Budget::share_connections() {
  sharing_ = false;
  for_connection_.visit([this](Claimant& claimant) {
    claimant.on_share();
    return has_room();
  });
}

bool Budget::may_begin(Claimant& claimant) {
  const microseconds wait = throttle_.wait(loop_.now());
  const bool first = for_turn_.empty() || &for_turn_.front() == &claimant || served_ == &claimant;
  if (wait == wait.zero() && first) {
    for_turn_.remove(claimant);
    return true;
  }
  if (for_turn_.empty()) turn_.arm(wait);
  for_turn_.add(claimant);
  return false;
}

void Budget::take_turn() {
  // The start of this turn of the loop may be past: what begins now is not to count as earlier.
  const auto now =
      std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch());
  throttle_.begin(now, in_demand_);
  waiting_since_ = now;
  in_demand_ = waiting_ > 1;  // this one still counts
  served_ = nullptr;
  if (limit_ < connections_ && ++borne_ % kUntilOneMore == 0) ++limit_;
}

// Who does not take its turn is not asked again before it asks.
void Budget::share_turns() {
  while (!for_turn_.empty()) {
    const microseconds wait = throttle_.wait(loop_.now());
    if (wait > wait.zero()) return turn_.arm(wait);
    served_ = &for_turn_.front();
    for_turn_.remove(*served_);
    served_->on_share();
    served_ = nullptr;
  }
}

void Budget::on_waiting() {
  if (waiting_++ == 0) waiting_since_ = loop_.now();
}

// Where nobody is left others may come at once, whatever was promised to those who are not here.
void Budget::on_no_longer_waiting(std::uint64_t count) noexcept {
  waiting_ -= count;
  if (waiting_ > 0) return;
  in_demand_ = false;
  promised_ = microseconds{0};
}

// A server that takes nothing at all is as slow as it has been until now.
Budget::microseconds Budget::step() const noexcept {
  constexpr microseconds kShortest{50};
  if (is_paced()) return std::chrono::ceil<microseconds>(throttle_.interval());
  const microseconds stalled =
      waiting_ == 0 ? microseconds{0}
                    : (loop_.now() - waiting_since_) / static_cast<microseconds::rep>(waiting_);
  return std::max({throttle_.spacing(), stalled, kShortest});
}

bool Budget::is_near() const noexcept {
  return throttle_.wait(loop_.now()) <= kNear && waiting_ < kMany;
}

std::uint64_t Budget::most_waiting() const noexcept {
  constexpr std::uint64_t kFewest = 2;  // one that is being sent, and the next
  const auto soon = static_cast<std::uint64_t>(kSoon / step());
  if (is_paced()) return std::clamp(soon, kFewest, kMany);
  const bool known = throttle_.spacing() > microseconds{0};
  return known ? std::clamp(soon, kFew, kMany) : kFew;
}

std::optional<Budget::microseconds> Budget::postpone(bool at_its_turn) {
  const microseconds now = loop_.now();
  const microseconds wait = throttle_.wait(now);
  // One that was told to come is not to find its turn taken.
  const bool promised = is_paced() && promised_ > now && !at_its_turn;
  if (wait <= kNear && !promised && waiting_ < most_waiting()) return std::nullopt;
  const microseconds next = now + wait + static_cast<microseconds::rep>(waiting_) * step();
  const microseconds latest = std::clamp<microseconds>(kTurnsAhead * step(), kLate, kLatest);
  promised_ = std::clamp(std::max(promised_ + step(), next), now + kSoonest, now + latest);
  return promised_ - now;
}

void Budget::forget(Claimant& claimant) {
  stop_waiting(claimant);
  for_turn_.remove(claimant);
  idle_.erase(&claimant);
  if (served_ == &claimant) served_ = nullptr;
}

}  // namespace postrider::deliverd

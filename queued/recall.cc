#include "queued/recall.h"

#include <algorithm>
#include <utility>

namespace postrider::queued {

namespace {

// When something is due before the store was asked: long ago, wherever the clock is set to.
constexpr WallTime kNotKnown{};

}  // namespace

Recall::Recall(StoreThread& store, Scheduler& scheduler, const Clock& clock, Owner& owner)
    : store_(store), scheduler_(scheduler), clock_(clock), owner_(owner), next_due_(kNotKnown) {}

void Recall::ask_who_waits() {
  if (who_waits_is_known_ || asking_who_waits_) return;
  asking_who_waits_ =
      store_.ask([](Store& store) { return store.behind(Scheduler::kMaxRemembered); },
                 [this](const Result<std::vector<Backlog>>& found) {
                   asking_who_waits_.reset();
                   if (!found) return on_failed(found.error());
                   who_waits_is_known_ = true;
                   for (const Backlog& one : *found)
                     scheduler_.remember(one.destination, clock_.now());
                   owner_.on_portion_ended();
                 });
}

void Recall::wake() {
  if (rests()) return;
  odd_place_is_ours_ = !odd_place_is_ours_;
  ask_who_waits();
  take_due();
  bring_called();
}

std::optional<WallTime> Recall::next_due() const {
  if (taking_due_ || !next_due_) return std::nullopt;
  return std::max(*next_due_, rests_until_);
}

void Recall::on_scheduled(WallTime time) {
  if (!next_due_ || time < *next_due_) next_due_ = time;
}

void Recall::take_due() {
  const WallTime now = clock_.now();
  if (taking_due_ || !next_due_ || *next_due_ > now) return;
  const std::size_t portion = std::min(kDuePortion, share());
  if (portion == 0) return;
  expected_ += portion;
  using Answer = std::pair<Result<Taken>, Result<std::optional<WallTime>>>;
  taking_due_ = store_.ask(
      [now, portion](Store& store) {
        auto due = store.take_due(now, portion);
        return Answer(std::move(due), store.next_due());
      },
      [this, portion](Answer answer) {
        taking_due_.reset();
        expected_ -= portion;
        if (!answer.first) return on_failed(answer.first.error());
        if (!answer.second) {
          on_failed(answer.second.error());
        } else {
          owner_.on_store_asked(nullptr);
          next_due_ = *answer.second;
        }
        for (MessageData& data : answer.first->messages) owner_.on_recalled(std::move(data), "");
        owner_.on_portion_ended();
      });
}

void Recall::bring_called() {
  if (!carried_.empty() || rests()) return;
  std::vector<Call> calls;
  std::size_t count = 0;
  while (calls.size() < kCallsTogether && count < share()) {
    const auto call = scheduler_.next_call(share() - count);
    if (!call) break;
    calls.push_back(*call);
    carried_.push_back({*call});
    count += call->count;
  }
  if (calls.empty()) return;
  expected_ += count;
  bringing_ = store_.ask([calls = std::move(calls), now = clock_.now()](
                             Store& store) { return store.take_behind(calls, now); },
                         [this, count](Result<std::vector<Taken>> taken) {
                           expected_ -= count;
                           if (!taken) {
                             on_failed(taken.error());
                             return end_calls();
                           }
                           undecided_ = 1;  // until all are given to the owner
                           for (const Taken& one : *taken) undecided_ += one.messages.size();
                           for (std::size_t i = 0; i < taken->size(); ++i) {
                             carried_[i].more = (*taken)[i].more;
                             const std::string called_by = carried_[i].call.destination;
                             for (MessageData& data : (*taken)[i].messages)
                               owner_.on_recalled(std::move(data), called_by);
                           }
                           on_decided();
                         });
}

void Recall::on_decided() {
  if (--undecided_ > 0) return;
  end_calls();
  bring_called();
  owner_.on_portion_ended();
}

void Recall::end_calls() {
  for (const Carried& one : std::exchange(carried_, {}))
    scheduler_.on_called(one.call.destination, one.more, clock_.now());
}

bool Recall::rests() const {
  const auto left = rests_until_ - clock_.now();
  return left.count() > 0 && left <= kRetry;
}

std::size_t Recall::share() const { return (owner_.room() + (odd_place_is_ours_ ? 1 : 0)) / 2; }

void Recall::on_failed(const Error& error) {
  owner_.on_store_asked(&error);
  rests_until_ = clock_.now() + kRetry;
  next_due_ = kNotKnown;
}

}  // namespace postrider::queued

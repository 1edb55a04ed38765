#include "queued/store_thread.h"

#include <utility>

namespace postrider::queued {

namespace {

using Results = std::vector<Result<void>>;

// One that cannot be applied, as its content cannot be read, keeps none of the others back.
Results apply_each(Store& store, const std::vector<Change>& changes) {
  const auto all = store.apply(changes);
  if (all || changes.size() == 1) return Results(changes.size(), all);
  Results results;
  for (const Change& change : changes) results.push_back(store.apply({&change, 1}));
  return results;
}

}  // namespace

StoreThread::StoreThread(event::EventLoop& loop, std::unique_ptr<Store> store,
                         std::unique_ptr<StoreReader> reader)
    : loop_(loop),
      store_(std::move(store)),
      reader_(std::move(reader)),
      pool_(loop, 1),
      reading_(loop, 1) {}

void StoreThread::submit(Change change, Done done) {
  changes_.push_back(std::move(change));
  done_.push_back(std::move(done));
  // While one runs, the next gathers.
  if (changes_.size() == 1 && running_.empty()) loop_.defer([this] { send(); });
}

void StoreThread::send() {
  if (changes_.empty()) return;
  running_.push_back(pool_.run(
      [this, changes = std::exchange(changes_, {})] {
        auto results = apply_each(*store_, changes);
        tell_damage();
        return results;
      },
      [this, done = std::exchange(done_, {})](const Results& results) mutable {
        running_.pop_front();
        for (std::size_t i = 0; i < done.size(); ++i) done[i](results[i]);
        if (running_.empty()) send();
      }));
}

void StoreThread::tell_damage() {
  if (!store_->damaged() || std::exchange(damage_told_, true)) return;
  loop_.post([this] { on_damaged_(); });
}

}  // namespace postrider::queued

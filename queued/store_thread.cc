#include "queued/store_thread.h"

#include <utility>

namespace postrider::queued {

namespace {

using Results = std::vector<Result<void>>;

bool is_promote(const Change& change) { return std::holds_alternative<Promote>(change); }

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
        auto results = apply_each(changes);
        if (store_->damaged()) note_damage();
        return results;
      },
      [this, done = std::exchange(done_, {})](const Results& results) mutable {
        running_.pop_front();
        for (std::size_t i = 0; i < done.size(); ++i) done[i](results[i]);
        if (running_.empty()) send();
      }));
}

// One that cannot be applied, as its content cannot be read, keeps none of the others back; but
// where the disk itself fails, that is the answer to all.
std::vector<Result<void>> StoreThread::apply_each(const std::vector<Change>& changes) {
  if (!damaged_) {
    const auto all = store_->apply(changes);
    const bool of_one = !all && all.error().kind != ErrorKind::temporary;
    if (!of_one || changes.size() == 1) return Results(changes.size(), all);
  }
  Results results;
  for (const Change& change : changes) results.push_back(apply_alone(change));
  return results;
}

// What is still in its segment is safe there, and what goes into a damaged file may be lost with
// it.
Result<void> StoreThread::apply_alone(const Change& change) {
  if (is_promote(change) && (damaged_ || store_->damaged()))
    return fail(ErrorKind::temporary, "queue.db is damaged: it takes in no more mail");
  return store_->apply({&change, 1});
}

void StoreThread::note_damage() {
  if (damaged_.exchange(true)) return;
  loop_.post([this] { on_damaged_(); });
}

}  // namespace postrider::queued

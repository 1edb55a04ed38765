#include "queued/store_thread.h"

#include <utility>

namespace postrider::queued {

StoreThread::StoreThread(event::EventLoop& loop, std::unique_ptr<Store> store)
    : loop_(loop), store_(std::move(store)), pool_(loop, 1) {}

void StoreThread::submit(Change change, Done done) {
  changes_.push_back(std::move(change));
  done_.push_back(std::move(done));
  // While one runs, the next gathers.
  if (changes_.size() == 1 && running_.empty()) loop_.defer([this] { send(); });
}

void StoreThread::send() {
  if (changes_.empty()) return;
  running_.push_back(pool_.run(
      [this, changes = std::exchange(changes_, {})] { return store_->apply(changes); },
      [this, done = std::exchange(done_, {})](const Result<void>& result) mutable {
        running_.pop_front();
        for (Done& one : done) one(result);
        if (running_.empty()) send();
      }));
}

}  // namespace postrider::queued

// store_thread.h - the Store behind a thread: changes go in as values, answers come back on the loop.
//
// Changes that gather while a transaction runs are the next transaction (group commit, as in the
// young generation). Where it fails, each is tried in one of its own.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "common/event/worker_pool.h"
#include "queued/store.h"

namespace postrider::queued {

class StoreThread {
 public:
  using Done = UniqueFunction<void(const Result<void>&)>;

  // `loop` outlives it.
  StoreThread(event::EventLoop& loop, std::unique_ptr<Store> store);
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  // Called once, on the loop, when queue.db is found damaged.
  void set_on_damaged(std::function<void()> on_damaged) { on_damaged_ = std::move(on_damaged); }

  // Applies `change` durably, in the order of the calls; `done` runs on the loop.
  void submit(Change change, Done done);

  // Runs `question(store)` on the thread, after the changes submitted before, and `done(answer)` on
  // the loop.
  template <typename Question, typename Done>
  [[nodiscard]] PendingPtr ask(Question question, Done done) {
    send();
    return pool_.run(
        [this, question = std::move(question)]() mutable {
          auto answer = question(*store_);
          tell_damage();
          return answer;
        },
        std::move(done));
  }

  // Nothing waits and nothing runs.
  bool idle() const noexcept { return changes_.empty() && pool_.unfinished() == 0; }

 private:
  // Begins a transaction of what gathered, behind those that wait for the thread.
  void send();
  // On the thread.
  void tell_damage();

  event::EventLoop& loop_;
  std::unique_ptr<Store> store_;  // the thread's, once it runs
  bool damage_told_ = false;      // as well
  std::function<void()> on_damaged_ = [] {};
  std::vector<Change> changes_;
  std::vector<Done> done_;
  std::deque<PendingPtr> running_;  // the transactions sent, in order
  event::WorkerPool pool_;  // last: its thread ends first
};

}  // namespace postrider::queued

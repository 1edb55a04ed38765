// store_thread.h - the Store behind a thread, and a reader of it behind another: changes and
// questions go in as values, answers come back on the loop.
//
// Changes that gather while a transaction runs are the next transaction (group commit, as in the
// young generation). Where it fails, each is tried in one of its own.
#pragma once

#include <atomic>
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
  StoreThread(event::EventLoop& loop, std::unique_ptr<Store> store,
              std::unique_ptr<StoreReader> reader);
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  // Called once, on the loop, when queue.db is found damaged. From then on no Promote is applied.
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
          if (store_->damaged()) note_damage();
          return answer;
        },
        std::move(done));
  }

  // Runs `question(reader)` on the other thread: what an operator wants to see, however long it
  // takes, keeps no change waiting.
  template <typename Question, typename Done>
  [[nodiscard]] PendingPtr read(Question question, Done done) {
    return reading_.run(
        [this, question = std::move(question)]() mutable {
          auto answer = question(*reader_);
          if (reader_->damaged()) note_damage();
          return answer;
        },
        std::move(done));
  }

  // Another connection has found queue.db damaged. From any thread.
  void note_damage();

  // No change and no question of the store waits or runs.
  bool idle() const noexcept { return changes_.empty() && pool_.unfinished() == 0; }

 private:
  // Begins a transaction of what gathered, behind those that wait for the thread.
  void send();
  // On the thread.
  std::vector<Result<void>> apply_each(const std::vector<Change>& changes);
  Result<void> apply_alone(const Change& change);

  event::EventLoop& loop_;
  std::unique_ptr<Store> store_;  // the thread's, once it runs
  std::atomic<bool> damaged_{false};
  std::function<void()> on_damaged_ = [] {};
  std::vector<Change> changes_;
  std::vector<Done> done_;
  std::deque<PendingPtr> running_;       // the transactions sent, in order
  std::unique_ptr<StoreReader> reader_;  // the other thread's
  event::WorkerPool pool_;               // last: their threads end first
  event::WorkerPool reading_;
};

}  // namespace postrider::queued

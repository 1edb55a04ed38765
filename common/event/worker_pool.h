// worker_pool.h - a few threads for what blocks: password hashes, SQLite, mailbox files.
//
// Values in, values out: a job runs on a thread and returns a value; the continuation runs with
// that value on the event loop. Destroying the Pending cancels the continuation (the job itself
// still runs to its end).
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/event/event_loop.h"

namespace postrider::event {

class WorkerPool {
 public:
  // `loop` outlives the pool. Signals are blocked in the pool's threads.
  WorkerPool(EventLoop& loop, unsigned threads);
  // Waits for the jobs that run; jobs that wait are dropped.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs `job` on a thread, then `done(value)` on the loop unless the Pending was destroyed.
  // Called on the loop's thread.
  template <typename Job, typename Done>
  [[nodiscard]] PendingPtr run(Job job, Done done) {
    auto operation = std::make_shared<Operation<Job, Done>>(std::move(job), std::move(done));
    // Second owner: the queue, until the continuation has run.
    enqueue(operation);
    return std::make_unique<Cancel>(operation);
  }

  // Jobs whose continuation has not run, or not been dropped, yet. On the loop's thread.
  std::size_t unfinished() const noexcept { return *unfinished_; }
  // Jobs that wait for a thread.
  std::size_t waiting() const;

 private:
  struct Work {
    Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    virtual ~Work() = default;
    virtual void on_thread() = 0;
    virtual void on_loop() = 0;
    bool cancelled = false;  // touched on the loop's thread only
  };

  template <typename Job, typename Done>
  struct Operation final : Work {
    Operation(Job j, Done d) : job(std::move(j)), done(std::move(d)) {}
    void on_thread() override { value = std::make_unique<Value>(job()); }
    void on_loop() override {
      if (!cancelled) done(std::move(*value));
    }
    using Value = std::invoke_result_t<Job&>;
    Job job;
    Done done;
    std::unique_ptr<Value> value;
  };

  struct Cancel final : Pending {
    explicit Cancel(std::shared_ptr<Work> w) : work(std::move(w)) {}
    ~Cancel() override { work->cancelled = true; }
    std::shared_ptr<Work> work;
  };

  void enqueue(std::shared_ptr<Work> work);
  void serve();

  EventLoop& loop_;
  // Touched on the loop's thread only. Second owner: what is posted there, which may outlive us.
  std::shared_ptr<std::size_t> unfinished_ = std::make_shared<std::size_t>(0);
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Work>> jobs_;  // guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace postrider::event

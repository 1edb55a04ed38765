// worker_pool.h - a few threads for what blocks: password hashes, SQLite, mailbox files.
//
// Values in, values out: a job runs on a thread and returns a value; the continuation runs with
// that value on the event loop. Destroying the Pending cancels the continuation.
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

  // Runs `job` on a thread, then `done(value)` on the loop unless the Pending was destroyed; the
  // job itself runs to its end. Called on the loop's thread.
  template <typename Job, typename Done>
  [[nodiscard]] PendingPtr run(Job job, Done done) {
    auto operation = std::make_shared<Operation<Job, Done>>(std::move(job), std::move(done));
    // Second owner: the queue, until the continuation has run.
    enqueue(operation);
    return std::make_unique<Cancel>(operation);
  }
  // The same for a job that is of use by its value alone: where nobody waits for that any more
  // before it has begun, it never does.
  template <typename Job, typename Done>
  [[nodiscard]] PendingPtr compute(Job job, Done done) {
    auto operation = std::make_shared<Operation<Job, Done>>(std::move(job), std::move(done));
    enqueue(operation);
    return std::make_unique<Withdraw>(operation, queue_);
  }

  // Jobs whose continuation has not run, or not been dropped, yet. On the loop's thread.
  std::size_t unfinished() const noexcept { return queue_->unfinished; }
  // Jobs that wait for a thread.
  std::size_t waiting() const { return queue_->size(); }

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

  struct Cancel : Pending {
    explicit Cancel(std::shared_ptr<Work> w) : work(std::move(w)) {}
    ~Cancel() override { work->cancelled = true; }
    std::shared_ptr<Work> work;
  };

  // The jobs that wait for a thread.
  class Queue {
   public:
    void add(std::shared_ptr<Work> work);
    // False: the threads have it, or had it.
    bool remove(const std::shared_ptr<Work>& work);
    // Waits for a job; null once stop() was called.
    std::shared_ptr<Work> take();
    void stop();
    std::size_t size() const;

    std::size_t unfinished = 0;  // touched on the loop's thread only

   private:
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::shared_ptr<Work>> jobs_;  // guarded by mutex_
    bool stopping_ = false;                   // guarded by mutex_
  };

  struct Withdraw final : Cancel {
    Withdraw(std::shared_ptr<Work> w, std::shared_ptr<Queue> q)
        : Cancel(std::move(w)), queue(std::move(q)) {}
    ~Withdraw() override {
      if (queue->remove(work)) --queue->unfinished;
    }
    std::shared_ptr<Queue> queue;
  };

  void enqueue(std::shared_ptr<Work> work);
  void serve();

  EventLoop& loop_;
  // Second owners: each Withdraw, and what is posted to the loop; both may outlive us.
  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  std::vector<std::thread> threads_;
};

}  // namespace postrider::event

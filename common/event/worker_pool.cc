#include "common/event/worker_pool.h"

#include <csignal>

namespace postrider::event {

WorkerPool::WorkerPool(EventLoop& loop, unsigned threads) : loop_(loop) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::size_t WorkerPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void WorkerPool::enqueue(std::shared_ptr<Work> work) {
  ++*unfinished_;
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void WorkerPool::serve() {
  while (true) {
    std::shared_ptr<Work> work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      work = std::move(jobs_.front());
      jobs_.pop_front();
    }
    work->on_thread();
    loop_.post([unfinished = unfinished_, work = std::move(work)] {
      --*unfinished;
      work->on_loop();
    });
  }
}

}  // namespace postrider::event

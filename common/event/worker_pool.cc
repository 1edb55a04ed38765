#include "common/event/worker_pool.h"

#include <algorithm>
#include <csignal>

namespace postrider::event {

void WorkerPool::Queue::add(std::shared_ptr<Work> work) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(work));
  }
  wake_.notify_one();
}

bool WorkerPool::Queue::remove(const std::shared_ptr<Work>& work) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find(jobs_.begin(), jobs_.end(), work);
  if (found == jobs_.end()) return false;
  jobs_.erase(found);
  return true;
}

std::shared_ptr<WorkerPool::Work> WorkerPool::Queue::take() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
  if (stopping_) return nullptr;
  auto work = std::move(jobs_.front());
  jobs_.pop_front();
  return work;
}

void WorkerPool::Queue::stop() {
  std::deque<std::shared_ptr<Work>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(jobs_);
  }
  wake_.notify_all();
}

std::size_t WorkerPool::Queue::size() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

WorkerPool::WorkerPool(EventLoop& loop, unsigned threads) : loop_(loop) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

WorkerPool::~WorkerPool() {
  queue_->stop();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::enqueue(std::shared_ptr<Work> work) {
  ++queue_->unfinished;
  queue_->add(std::move(work));
}

void WorkerPool::serve() {
  while (auto work = queue_->take()) {
    work->on_thread();
    loop_.post([queue = queue_, work = std::move(work)] {
      --queue->unfinished;
      work->on_loop();
    });
  }
}

}  // namespace postrider::event

// verbs.h - what an operator does to messages, in memory and in queue.db at once.
//
// A verb that was begun is carried out, and logged, whether or not the one who asked is still there.
#pragma once

#include <functional>
#include <list>

#include "common/base/pending.h"
#include "common/ipc/messages.pb.h"
#include "queued/queue.h"
#include "queued/store_thread.h"

namespace postrider::queued {

class Verbs {
 public:
  // How many messages it was, or why it could not be done. Not called once the Pending is gone.
  using Done = std::function<void(const Result<std::uint64_t>&)>;

  // All outlive it.
  Verbs(Queue& queue, StoreThread& store, const Clock& clock)
      : queue_(queue), store_(store), clock_(clock) {}
  Verbs(const Verbs&) = delete;
  Verbs& operator=(const Verbs&) = delete;

  [[nodiscard]] PendingPtr hold(const ipc::Filter& filter, Done done);
  // What is held is attempted at once; what waits is left.
  [[nodiscard]] PendingPtr release(const ipc::Filter& filter, Done done);
  // What waits is attempted at once; what is held is left.
  [[nodiscard]] PendingPtr retry(const ipc::Filter& filter, Done done);
  // Ends the messages, without a report to anybody.
  [[nodiscard]] PendingPtr remove(const ipc::Filter& filter, Done done);

 private:
  // Runs `change` in the store, then `conclude` with its answer, which gives the count.
  template <typename Change, typename Conclude>
  PendingPtr begin(Change change, Conclude conclude, Done done);
  PendingPtr attempt(Result<std::uint64_t> (Store::*change)(const ipc::Filter&, WallTime),
                     const ipc::Filter& filter, Done done);

  Queue& queue_;
  StoreThread& store_;
  const Clock& clock_;
  std::list<PendingPtr> running_;
};

}  // namespace postrider::queued

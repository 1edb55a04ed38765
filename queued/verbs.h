// verbs.h - what an operator does to messages, in memory and in queue.db at once.
//
// A verb that was begun is carried out, and logged, whether or not the one who asked is still
// there.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

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
  // A portion of the stored messages, behind the id `after`.
  using Change = std::function<Result<Changed>(Store& store, const std::string& after)>;
  // When all of them are changed, and how many: does the same in memory, gives how many there.
  using Conclude = std::function<std::uint64_t(std::uint64_t stored)>;
  struct Running {
    Change change;
    Conclude conclude;
    std::weak_ptr<Done> asker;  // the other owner: the Pending
    std::uint64_t messages = 0;
    PendingPtr portion;
  };
  using Place = std::list<Running>::iterator;

  PendingPtr begin(Change change, Conclude conclude, Done done);
  PendingPtr attempt(Change change, Done done);
  void go_on(Place place, const std::string& after);
  void end(Place place, const Result<Changed>& last);

  Queue& queue_;
  StoreThread& store_;
  const Clock& clock_;
  std::list<Running> running_;
};

}  // namespace postrider::queued

// trash.h - erases what an operator has deleted, once the time to undo it is over.
#pragma once

#include "common/base/pending.h"
#include "common/config/settings.h"
#include "queued/queue.h"
#include "queued/store_thread.h"

namespace postrider::queued {

class Trash {
 public:
  // All outlive it.
  Trash(Queue& queue, StoreThread& store, const config::Settings& settings, const Clock& clock)
      : queue_(queue), store_(store), settings_(settings), clock_(clock) {}
  Trash(const Trash&) = delete;
  Trash& operator=(const Trash&) = delete;

  // Looks whether there is something to be erased: call it now and then.
  void sweep();

 private:
  Queue& queue_;
  StoreThread& store_;
  const config::Settings& settings_;
  const Clock& clock_;
  PendingPtr question_;
};

}  // namespace postrider::queued

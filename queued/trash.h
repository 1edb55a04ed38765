// trash.h - erases what an operator has deleted, once the time to undo it is over.
//
// A clock that is set ahead while queued runs erases nothing before its time: the age of what was
// deleted counts by the time of day or by a clock that nobody sets, whichever is behind.
#pragma once

#include "common/base/pending.h"
#include "common/config/settings.h"
#include "common/log/condition.h"
#include "queued/queue.h"
#include "queued/store_thread.h"

namespace postrider::queued {

class Trash {
 public:
  // All outlive it.
  Trash(Queue& queue, StoreThread& store, const config::Settings& settings, const Clock& clock,
        const Clock& steady, log::Logger& log);
  Trash(const Trash&) = delete;
  Trash& operator=(const Trash&) = delete;

  // Looks whether there is something to be erased: call it now and then.
  void sweep();

 private:
  Queue& queue_;
  StoreThread& store_;
  const config::Settings& settings_;
  const Clock& clock_;
  const Clock& steady_;
  log::Condition not_swept_;
  PendingPtr question_;
};

}  // namespace postrider::queued

// delivery.h - what a worker of deliverd does with a job; one implementation a role.
#pragma once

#include "common/base/unique_function.h"
#include "common/ipc/messages.pb.h"

namespace postrider::deliverd {

class Delivery {
 public:
  using Done = UniqueFunction<void(ipc::JobResult)>;

  Delivery() = default;
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;
  // Jobs under way end here: their `done` never runs.
  virtual ~Delivery() = default;

  // Attempts `job` for all its recipients. `source` is the file that holds its content and stays
  // open until `done` ran. `done` runs once, from the loop, never inside this call, with a result
  // for each recipient.
  virtual void deliver(const ipc::Job& job, int source, Done done) = 0;
};

}  // namespace postrider::deliverd

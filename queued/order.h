// order.h - a job for a deliverd, as the queue hands it out.
#pragma once

#include "common/ipc/messages.pb.h"
#include "queued/work.h"

namespace postrider::queued {

// `job` lacks number and source, which are the connection's.
struct Order {
  std::uint64_t ticket = 0;
  ipc::Job job;
  SourcePtr source;
};

// Precondition: the message's source is open.
Order order_for(const Work& work, std::uint64_t ticket);

// The same result for each recipient of a job.
ipc::JobResult result_for_all(const Work& work, ipc::Outcome outcome, const std::string& status,
                              const std::string& reply);

}  // namespace postrider::queued

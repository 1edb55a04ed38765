// description.h - a message as the admin's command is told of it.
#pragma once

#include "common/ipc/messages.pb.h"
#include "queued/message.h"

namespace postrider::queued {

// Everything but `state`, `next_attempt_us`, `expires_us` and `hold_reason`.
ipc::QueuedMessage describe(const MessageData& data);

// Whether `data`, in the state named `state`, is meant by the filter.
bool matches(const ipc::Filter& filter, const MessageData& data, std::string_view state);

}  // namespace postrider::queued

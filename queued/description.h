// description.h - a message as the admin's command is told of it.
#pragma once

#include "common/ipc/messages.pb.h"
#include "queued/message.h"

namespace postrider::queued {

// Recipients that a description names, and octets of a reply that it repeats: what bounds a frame.
inline constexpr std::size_t kDescribedRecipients = 1000;
inline constexpr std::size_t kDescribedReply = 512;
// Octets of descriptions that go into one frame.
inline constexpr std::size_t kDescribedOctets = 1U << 20U;

// Everything but `state`, `hold_reason` and the times, which its row or the queue's memory knows.
ipc::QueuedMessage describe(const MessageData& data);

}  // namespace postrider::queued

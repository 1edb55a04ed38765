// queue_reason.h - why a message is still in the queue, in plain words that many share. Pure.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/ipc/messages.pb.h"

namespace postrider::ctl {

// A sentence: "The mailbox is full.", by the first of its recipients that are still to be served
// whose server has answered; or what an operator, its sender or the queue itself waits for.
std::string reason_of(const ipc::QueuedMessage& message, WallTime now);

}  // namespace postrider::ctl

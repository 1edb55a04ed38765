// queue_reason.h - why a message is still in the queue, in plain words that many share. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/ipc/messages.pb.h"

namespace postrider::ctl {

// A sentence: "The mailbox is full.", by the first of its recipients that are still to be served
// whose server has answered; or what an operator, its sender or the queue itself waits for.
std::string reason_of(const ipc::QueuedMessage& message, WallTime now);
// The same of a row of the summary: of what is held, that it is.
std::string_view reason_of(const ipc::SummaryRow& row);

}  // namespace postrider::ctl

// queue_reason.h - why a message is still in the queue, in plain words that many share. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/ipc/messages.pb.h"

namespace postrider::ctl {

// Of more reasons than are told apart.
inline constexpr std::string_view kOtherReasons = "Other reasons.";

struct QueueReason {
  std::string_view name;   // for programs: message::name_of(Cause), or a word of the queue's own
  std::string_view means;  // a whole sentence
};

// Of what a recipient was told last: by a server, or by this host, in words of its own.
QueueReason reason_of(std::string_view status, std::string_view reply);
// Of a row of the summary; what is held is held, whatever for.
QueueReason reason_of(const ipc::SummaryRow& row);
// Whether the row stands for all that were too many.
bool is_of_others(const ipc::SummaryRow& row);
// Of the first recipient that is still to be served and was told something; or what an operator or
// the sender waits for.
std::string reason_of(const ipc::QueuedMessage& message);

}  // namespace postrider::ctl

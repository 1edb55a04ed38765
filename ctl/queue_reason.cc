#include "ctl/queue_reason.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/message/cause.h"
#include "common/message/explanation.h"

namespace postrider::ctl {

std::string reason_of(const ipc::QueuedMessage& message, WallTime now) {
  if (message.state() == "active") return "Being delivered, or next in turn.";
  if (message.state() == "deleted") return "Deleted by an operator.";
  if (message.state() == "held") return fmt::format("Held: {}", message.hold_reason());
  if (message.release_us() > now.time_since_epoch().count())
    return "Held back by its sender until a time of his.";
  const auto answered =
      std::find_if(message.recipients().begin(), message.recipients().end(),
                   [](const ipc::QueuedRecipient& recipient) {
                     return recipient.state() == "pending" && !recipient.reply().empty();
                   });
  if (answered == message.recipients().end()) return "Not attempted yet.";
  return std::string(
      message::explanation_of(message::cause_of(answered->status(), answered->reply())).why);
}

}  // namespace postrider::ctl

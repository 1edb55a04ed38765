#include "ctl/queue_reason.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/message/cause.h"
#include "common/message/explanation.h"

namespace postrider::ctl {

namespace {

constexpr std::string_view kActive = "Being delivered, or next in turn.";
constexpr std::string_view kNotAttempted = "Not attempted yet.";

}  // namespace

std::string reason_of(const ipc::QueuedMessage& message, WallTime now) {
  if (message.state() == "active") return std::string(kActive);
  if (message.state() == "deleted") return "Deleted by an operator.";
  if (message.state() == "held") return fmt::format("Held: {}", message.hold_reason());
  if (message.release_us() > now.time_since_epoch().count())
    return "Held back by its sender until a time of his.";
  const auto answered =
      std::find_if(message.recipients().begin(), message.recipients().end(),
                   [](const ipc::QueuedRecipient& recipient) {
                     return recipient.state() == "pending" && !recipient.reply().empty();
                   });
  if (answered == message.recipients().end()) return std::string(kNotAttempted);
  return std::string(
      message::explanation_of(message::cause_of(answered->status(), answered->reply())).why);
}

std::string_view reason_of(const ipc::SummaryRow& row) {
  if (row.state() == "active") return kActive;
  if (row.state() == "held") return "Held until it is released.";
  if (row.reason().empty()) return kNotAttempted;
  return message::explanation_of(message::cause_of(row.status(), row.reason())).why;
}

}  // namespace postrider::ctl

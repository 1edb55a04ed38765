#include "ctl/queue_reason.h"

#include <algorithm>

#include "common/base/ascii.h"
#include "common/message/cause.h"
#include "common/message/explanation.h"

namespace postrider::ctl {

namespace {

constexpr QueueReason kActive{"active", "Being delivered, or next in turn."};
constexpr QueueReason kHeld{"held", "Held until it is released."};
constexpr QueueReason kNotAttempted{"not_attempted", "Not attempted yet."};
constexpr QueueReason kHeldBack{"held_back", "Held back by its sender until a time of his."};
constexpr QueueReason kOther{"other", kOtherReasons};
constexpr QueueReason kTurn{"turn",
                            "Waits its turn: much mail for the same destination is before it."};
constexpr QueueReason kPaused{"paused", "Paused by an operator."};
constexpr QueueReason kNotTried{"not_tried", "Not tried since queued was started."};
constexpr QueueReason kThisHost{
    "this_host", "This host, or its configuration, has trouble: its log says which."};

bool is_of_server(std::string_view reply) {
  return reply.size() > 3 && std::all_of(reply.begin(), reply.begin() + 3, is_digit);
}

// What this host says of itself: queued/scheduler.cc, outage.cc, pause.cc and store_summary.cc, and
// 4.3.0, 4.3.1 and 4.3.5 of those who attempt (RFC 3463 section 3.4). What it passes on of a server
// begins otherwise.
const QueueReason* own_reason(std::string_view status, std::string_view reply) {
  if (is_of_server(reply)) return nullptr;
  if (reply.starts_with("waits its turn: ")) return &kTurn;
  if (reply == "held back by its sender") return &kHeldBack;
  if (reply.starts_with("paused by the operator ")) return &kPaused;
  if (reply.starts_with("waiting for "))
    return status == "4.4.0" && reply.find(": not tried since ") != std::string_view::npos
               ? &kNotTried
               : nullptr;
  const bool is_login = reply.find("our login is refused") != std::string_view::npos;
  const bool is_ours = is_login || status == "4.3.0" || status == "4.3.1" || status == "4.3.5";
  return is_ours ? &kThisHost : nullptr;
}

// Of a message that nobody was told anything of: it waits for the time that its sender has named,
// unless an operator has hurried it.
bool is_held_back(const ipc::QueuedMessage& message) {
  return message.release_us() != 0 && message.next_attempt_us() == message.release_us();
}

}  // namespace

QueueReason reason_of(std::string_view status, std::string_view reply) {
  if (reply.empty()) return kNotAttempted;
  if (const QueueReason* const own = own_reason(status, reply)) return *own;
  const message::Cause cause = message::cause_of(status, reply);
  return {name_of(cause), message::explanation_of(cause).why};
}

QueueReason reason_of(const ipc::SummaryRow& row) {
  if (row.state() == "active") return kActive;
  if (row.state() == "held") return kHeld;
  if (is_of_others(row)) return kOther;
  return reason_of(row.status(), row.reason());
}

bool is_of_others(const ipc::SummaryRow& row) { return row.destination() == "(others)"; }

std::string reason_of(const ipc::QueuedMessage& message) {
  if (message.state() == "active") return std::string(kActive.means);
  if (message.state() == "deleted") return "Deleted by an operator.";
  if (message.state() == "held") return std::string(kHeld.means);
  const auto told =
      std::find_if(message.recipients().begin(), message.recipients().end(),
                   [](const ipc::QueuedRecipient& recipient) {
                     return recipient.state() == "pending" && !recipient.reply().empty();
                   });
  if (told == message.recipients().end())
    return std::string(is_held_back(message) ? kHeldBack.means : kNotAttempted.means);
  return std::string(reason_of(told->status(), told->reply()).means);
}

}  // namespace postrider::ctl

#include "smtpd/priority.h"

#include <algorithm>

#include <fmt/format.h>

namespace postrider::smtpd {

int granted_priority(const checks::Client& client, int asked) noexcept {
  return client.may_relay ? asked : std::min(asked, 0);
}

smtp::Reply answer_sender(const checks::Client& client, int asked) {
  const int granted = granted_priority(client, asked);
  if (granted == asked) return {250, "2.1.0", "sender ok"};
  return {250, "2.3.6", fmt::format("{} is the new priority assigned to the message", granted)};
}

}  // namespace postrider::smtpd

// priority.h - how urgent may a client's message be?
//
//   a client that may relay   as it asks
//   any other                 no more urgent than others: what is above 0 becomes 0
//
// RFC 6710: else the hurry of strangers would delay everybody's mail.
#pragma once

#include "common/checks/client.h"
#include "common/smtp/reply.h"

namespace postrider::smtpd {

int granted_priority(const checks::Client& client, int asked) noexcept;

// The reply to MAIL, which tells of a priority that was changed.
smtp::Reply answer_sender(const checks::Client& client, int asked);

}  // namespace postrider::smtpd

// envelope.h - what the spool is told of a message that is accepted.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/message_id.h"
#include "common/checks/inquiry.h"
#include "common/net/tls_session.h"
#include "common/smtp/server_session.h"
#include "common/spool/envelope.pb.h"
#include "smtpd/services.h"

namespace postrider::smtpd {

struct Accepted {
  const MessageId& id;
  WallTime time;
  const config::Settings& settings;
  const Listener& listener;
  const smtp::ServerSession& session;
  const checks::Client& client;
  const checks::Inquiry& inquiry;
  const net::TlsInfo* tls = nullptr;  // null: it came in the clear
};

spool::Envelope envelope_of(const Accepted& message);

// By what a message came: "ESMTPS", "UTF8LMTP". RFC 3848, which has no word for HELO under TLS; RFC
// 6531 section 4.3.
std::string protocol_of(const smtp::ServerSession& session, smtp::Protocol protocol);

}  // namespace postrider::smtpd

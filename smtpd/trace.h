// trace.h - the Received field that stands before every message accepted here.
//
// RFC 5321 section 4.4, RFC 3848 and RFC 6531 section 4.3 (protocol names), RFC 8314 section 4.3
// (the clause `tls`).
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/message_id.h"
#include "common/checks/client.h"
#include "common/net/tls_session.h"
#include "common/smtp/server_actions.h"

namespace postrider::smtpd {

struct Arrival {
  std::string_view client_name;  // of EHLO or HELO, as the client gave it
  const checks::Client& client;
  bool hidden = false;  // the field is not to tell who the client is
  std::string_view hostname;
  std::string_view protocol;  // "SMTP", "ESMTPS", "UTF8SMTP"
  MessageId id;
  WallTime time;
  const net::TlsInfo* tls = nullptr;  // null: it came in the clear
};

// One folded field with its CRLF. A client's name that is no domain is replaced by its address, so
// that nothing it says can break the field; a program of this host is named by its user, behind
// "by", and without "from", as nothing came from elsewhere. "for" is written only where there is
// one recipient: it would tell each of several about the others.
std::string received_field(const Arrival& arrival, const smtp::Transaction& transaction);

}  // namespace postrider::smtpd

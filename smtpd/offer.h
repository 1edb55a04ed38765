// offer.h - which of a listener's extensions is a client offered?
//
//   DSN       who may relay or has to log in, and by LMTP everybody; not strangers
//   AUTH      who has to log in; without TLS from the loopback alone, where configured
//   XCLIENT   who is in smtpd.xclient_networks
//   else      everybody
//
// A stranger who may ask for reports of success has us send mail to whom it names as the sender,
// and learns where our mail goes inside. To a server without DSN its own server reports "relayed"
// (RFC 3461 section 5.2.2), so that honest senders lose little.
#pragma once

#include "common/base/clock.h"
#include "common/checks/client.h"
#include "common/smtp/server_actions.h"

namespace postrider::smtpd {

// `now` is when the client came: until when it may have mail held is counted from then.
smtp::Extensions offered_to(const checks::Client& client, const smtp::ServerSettings& listener,
                            WallTime now);

}  // namespace postrider::smtpd

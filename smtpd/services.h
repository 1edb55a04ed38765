// services.h - what all connections of a worker share.
#pragma once

#include "common/auth/attempts.h"
#include "common/base/clock.h"
#include "common/base/message_id.h"
#include "common/checks/policy.h"
#include "common/config/settings.h"
#include "common/directory/credentials.h"
#include "common/event/event_loop.h"
#include "common/log/log.h"
#include "common/metrics/counters.h"
#include "common/net/tls_server.h"
#include "common/smtp/server_actions.h"
#include "common/spool/writer.h"
#include "smtpd/admission.h"

namespace postrider::smtpd {

struct Services {
  event::EventLoop& loop;
  const Clock& clock;
  log::Logger& log;
  metrics::Counters& counters;
  checks::Policy& policy;
  Admission& admission;
  directory::Credentials& credentials;
  auth::Attempts& attempts;
  spool::Writer& writer;
  MessageIdSource& session_ids;  // by which the log names sessions
  const config::Settings& settings;
  net::TlsServer* tls = nullptr;  // null: no certificate is configured
  net::Networks xclient_networks = {};
};

// What all connections of a listener share.
struct Listener {
  smtp::ServerSettings session;
  config::SmtpMode mode = config::SmtpMode::mx;

  // Who comes: strangers to an open one alone.
  checks::Service service() const noexcept;
  // Mail begins its way here, and is made whole first (RFC 6409 section 8).
  bool takes_submissions() const noexcept;
};

// What the configuration says of who connects from `address`, or is said to.
checks::Client meet(const Services& services, const net::IpAddress& address,
                    checks::Service service);

Listener make_listener(const config::Settings& settings, const config::SmtpListener& listener);

}  // namespace postrider::smtpd

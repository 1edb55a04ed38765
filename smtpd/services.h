// services.h - what all connections of a worker share.
#pragma once

#include "common/base/clock.h"
#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "common/log/log.h"
#include "common/metrics/counters.h"
#include "common/net/tls_server.h"
#include "common/smtp/server_actions.h"
#include "common/spool/writer.h"
#include "smtpd/policy.h"

namespace postrider::smtpd {

struct Services {
  event::EventLoop& loop;
  const Clock& clock;
  log::Logger& log;
  metrics::Counters& counters;
  Policy& policy;
  spool::Writer& writer;
  const config::Settings& settings;
  net::TlsServer* tls = nullptr;  // null: no certificate is configured
  net::Networks xclient_networks = {};
};

// What the sessions of that listener need of the configuration.
smtp::ServerSettings session_settings(const config::Settings& settings,
                                      const config::SmtpListener& listener);

}  // namespace postrider::smtpd

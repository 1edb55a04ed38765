// services.h - what all connections of a worker share.
#pragma once

#include <chrono>
#include <string>

#include "common/auth/attempts.h"
#include "common/base/clock.h"
#include "common/directory/credentials.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/log/log.h"
#include "common/maildir/mailbox.h"
#include "common/metrics/counters.h"
#include "common/net/tls_server.h"
#include "common/quota/full_marks.h"

namespace postrider::pop3d {

// All of it outlives the connections.
struct Services {
  event::EventLoop& loop;
  directory::Credentials& credentials;
  auth::Attempts& attempts;
  event::WorkerPool& files;  // for mailboxes
  const Clock& clock;
  log::Logger& log;
  metrics::Counters& counters;
  const quota::FullMarks& full_marks;
  net::TlsServer* tls = nullptr;  // null: no certificate is configured
};

struct ConnectionOptions {
  std::string mail_directory;
  maildir::Remembrance remembrance{};
  std::chrono::seconds trash{0};                                 // where the directory says nothing
  std::chrono::microseconds timeout = std::chrono::minutes(10);  // RFC 1939 section 3
  std::chrono::seconds handshake_timeout{30};
  std::chrono::seconds login_delay{0};  // from one login to a mailbox to the next
};

}  // namespace postrider::pop3d

// worker.h - one worker process of pop3d: builds what the connections need, and runs the loop.
#pragma once

#include <vector>

#include "common/base/fd.h"
#include "common/config/settings.h"
#include "common/directory/verified_passwords.h"
#include "common/event/pulse.h"
#include "common/log/log.h"
#include "common/net/tls_server.h"

namespace postrider::pop3d {

struct Socket {
  Fd fd;
  config::Pop3Listener listener;
};

// Serves the listening `sockets`, this process's copy of them, until SIGTERM; then closes them,
// ends the sessions and returns the exit status. SIGUSR1: it closes them and sees the sessions to
// their end. Throws what construction throws (no memory, no descriptors). `tls` is null where no
// certificate is configured.
int run_worker(const config::Settings& settings, std::vector<Socket>& sockets, net::TlsServer* tls,
               directory::VerifiedPasswords& verified, unsigned number, event::Pulse pulse,
               const Clock& clock, log::Logger& log);

}  // namespace postrider::pop3d

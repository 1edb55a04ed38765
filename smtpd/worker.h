// worker.h - one smtpd worker: puts the parts together and runs them until SIGTERM.
#pragma once

#include "common/config/settings.h"
#include "common/directory/verified_passwords.h"
#include "common/event/pulse.h"
#include "common/net/tls_server.h"
#include "smtpd/sockets.h"

namespace postrider::smtpd {

// Serves `sockets`, this process's copy of them, as worker `number`; returns the exit status. `tls`
// is null where no certificate is configured. On SIGTERM the sockets are closed, and sessions
// finish what they are at, for at most kDrainTime.
int run_worker(const config::Settings& settings, Sockets& sockets, net::TlsServer* tls,
               directory::VerifiedPasswords& verified, unsigned number, event::Pulse pulse);

}  // namespace postrider::smtpd

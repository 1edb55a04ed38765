// worker.h - one smtpd worker: puts the parts together and runs them until SIGTERM.
#pragma once

#include "common/config/settings.h"
#include "smtpd/sockets.h"

namespace postrider::smtpd {

// Serves `sockets`, this process's copy of them, as worker `number`; returns the exit status. On
// SIGTERM the sockets are closed, and sessions finish what they are at, for at most kDrainTime.
int run_worker(const config::Settings& settings, Sockets& sockets, unsigned number);

}  // namespace postrider::smtpd

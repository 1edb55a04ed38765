// worker.h - one smtpd worker: puts the parts together and runs them until SIGTERM.
#pragma once

#include <span>

#include "common/config/settings.h"

namespace postrider::smtpd {

// Serves the sockets `listening` (borrowed) as worker `number`; returns the exit status. On SIGTERM
// sessions finish what they are at, for at most kDrainTime.
int run_worker(const config::Settings& settings, std::span<const int> listening, unsigned number);

}  // namespace postrider::smtpd

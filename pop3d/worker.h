// worker.h - one worker process of pop3d: builds what the connections need, and runs the loop.
#pragma once

#include <vector>

#include "common/base/fd.h"
#include "common/config/settings.h"
#include "common/directory/verified_passwords.h"
#include "common/log/log.h"

namespace postrider::pop3d {

// Serves the listening `sockets`, this process's copy of them, until SIGTERM or SIGINT; then closes
// them, ends the sessions and returns the exit status. Throws what construction throws (no memory,
// no descriptors).
int run_worker(const config::Settings& settings, std::vector<Fd>& sockets,
               directory::VerifiedPasswords& verified, unsigned number, const Clock& clock,
               log::Logger& log);

}  // namespace postrider::pop3d

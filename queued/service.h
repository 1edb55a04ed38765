// service.h - the parts of queued, put together: one worker.
#pragma once

#include <string>

#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/event/pulse.h"
#include "common/log/log.h"

namespace postrider::queued {

// Makes the folders of the spool where they are missing, and checks that they can be written.
Result<void> prepare_spool(const config::Settings& settings);

// Runs until SIGTERM and returns the exit status. `listening` is this process's copy of the socket;
// it is closed at SIGTERM, while what is under way is still waited for.
int serve(const config::Settings& settings, Fd& listening, event::Pulse pulse, log::Logger& log,
          const Clock& clock);

}  // namespace postrider::queued

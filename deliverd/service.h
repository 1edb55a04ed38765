// service.h - what one worker process of deliverd runs: the loop, one kind of delivery, and the
// conversation with queued.
#pragma once

#include <cstdint>

#include "common/base/clock.h"
#include "common/config/settings.h"
#include "common/event/pulse.h"
#include "common/log/log.h"
#include "deliverd/remote/outgoing.h"

namespace postrider::deliverd {

enum class Role : std::uint8_t { local, remote };

// Serves until SIGTERM or SIGINT and returns the exit status. `outgoing` is for Role::remote, null
// for the other. `number` is that of this worker within its daemon.
int serve(const config::Settings& settings, Role role, const Outgoing* outgoing, unsigned number,
          event::Pulse pulse, log::Logger& log, const Clock& clock);

}  // namespace postrider::deliverd

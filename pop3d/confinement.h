// confinement.h - what a worker of pop3d may do: hand out mailboxes to the clients that connect,
// and look users up. No spool, and no connection of its own.
#pragma once

#include "common/config/settings.h"
#include "common/sandbox/confinement.h"

namespace postrider::pop3d {

sandbox::Confinement confinement(const config::Settings& settings);

}  // namespace postrider::pop3d

// confinement.h - what the worker of queued may do: own the spool, look users up, and be spoken to
// by its kin. No mailbox, and no network.
#pragma once

#include "common/config/settings.h"
#include "common/sandbox/confinement.h"

namespace postrider::queued {

sandbox::Confinement confinement(const config::Settings& settings);

}  // namespace postrider::queued

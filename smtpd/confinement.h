// confinement.h - what a worker of smtpd may do: append to the young spool, look users up, and
// speak to its clients, to DNS and to queued. No mailbox, nothing that was accepted by others, and
// no connection to another server.
#pragma once

#include "common/config/settings.h"
#include "common/sandbox/confinement.h"

namespace postrider::smtpd {

sandbox::Confinement confinement(const config::Settings& settings);

}  // namespace postrider::smtpd

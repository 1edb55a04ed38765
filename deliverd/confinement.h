// confinement.h - what a worker of deliverd may do, by its role: write mailboxes, and speak to
// queued alone; or speak to other servers, and write nothing. The spool is neither's: queued hands
// over what is to be read, open.
#pragma once

#include "common/config/settings.h"
#include "common/sandbox/confinement.h"
#include "deliverd/service.h"

namespace postrider::deliverd {

sandbox::Confinement confinement(const config::Settings& settings, Role role);

}  // namespace postrider::deliverd

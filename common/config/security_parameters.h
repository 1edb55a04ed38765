// security_parameters.h - the rows of [security]: what the daemons keep themselves from.
#pragma once

#include <array>

#include "common/config/parameter_rows.h"

namespace postrider::config::rows {

inline constexpr auto kSecurity = std::to_array<Parameter>({
    {"security.sandbox", Type::choice, &at<&S::security, &S::Security::sandbox>, "on",
     "on|off|require",
     "Whether the workers of the daemons give up what they do not need, before they speak to "
     "anyone: "
     "files by Landlock, system calls by seccomp. Who takes over smtpd then reads no mailbox, who "
     "takes over deliverd of role local opens no connection, and nobody runs a program. A worker "
     "that tries is killed (worker_died, signal 31). on: as far as the kernel can, and the log "
     "says "
     "what it cannot (sandbox_incomplete); require: no start without it; off: for debuggers and "
     "tracers. Folders named in the configuration are known when a worker starts: where a file "
     "system is mounted on one of them later, or a link in it leads elsewhere, reload, or mount "
     "(--bind) in the place of the link."},
});

}  // namespace postrider::config::rows

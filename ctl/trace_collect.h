// trace_collect.h - the process that takes the daemons' lines into the index of the trace.
#pragma once

#include <chrono>

namespace postrider::ctl {

class Context;

// How often it looks, while there is little.
inline constexpr std::chrono::seconds kCollectEvery{1};
// How long it is at it before it hears signals.
inline constexpr std::chrono::milliseconds kCollectFor{500};

// Until a signal ends it, at any point: what is not in the index by then is taken by the next. On a
// host that has no time for it nobody waits for its end. SIGHUP: by the configuration as it is now.
// It steps back behind everything else on the host.
void collect_trace(Context& context);

}  // namespace postrider::ctl

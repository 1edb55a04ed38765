// trace_parameters.h - the rows of [trace]: what is kept of the life of each message.
#pragma once

#include <array>

#include "common/config/parameter_rows.h"

namespace postrider::config::rows {

inline constexpr auto kTrace = std::to_array<Parameter>({
    {"trace.enabled", Type::choice, &at<&S::trace, &S::Trace::enabled>, "on", "off|on",
     "Whether what happens to each message is kept for `postrider trace`: the session that it came "
     "by, the checks, each attempt with what was said to the other server and what it replied, and "
     "the end. Neither content nor passwords are."},
    {"trace.keep", Type::duration, &at<&S::trace, &S::Trace::keep>, "30d", "1h..3650d",
     "How long it is kept after the message's end, or after the session that brought none."},
    {"trace.max_size", Type::size, &at<&S::trace, &S::Trace::max_size>, "2GiB", "16MiB..1TiB",
     "The largest that its index, trace.db in paths.data, becomes: beyond, the oldest messages are "
     "forgotten before their time."},
    {"trace.buffer_size", Type::size, &at<&S::trace, &S::Trace::buffer_size>, "512MiB",
     "32MiB..1TiB",
     "How much may wait in the folder trace of paths.data until it is taken into the index: "
     "beyond, "
     "each daemon gives up its oldest, which the log tells (trace_lost). A file of 8MiB for each "
     "worker may come to that."},
});

}  // namespace postrider::config::rows

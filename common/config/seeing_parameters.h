// seeing_parameters.h - the rows of [metrics] and [log], for parameters.cc alone.
#pragma once

#include <array>

#include "common/config/parameter_rows.h"

namespace postrider::config::rows {

inline constexpr auto kSeeing = std::to_array<Parameter>({
    {"metrics.listen", Type::socket_address, &at<&S::metrics, &S::Metrics::listen>, "", "",
     "Where `postrider monitor` answers HTTP: /metrics for Prometheus, and a page for people at /. "
     "Empty: nowhere; it then samples rates for `postrider status` alone. It is not encrypted and "
     "asks for no password."},
    {"metrics.beyond_loopback", Type::choice, &at<&S::metrics, &S::Metrics::beyond_loopback>, "off",
     "off|on",
     "Whether metrics.listen may be another address than one of loopback. Whoever reaches it reads "
     "the addresses of senders and recipients: let a reverse proxy ask for a password, or a "
     "firewall keep strangers out."},
    {"metrics.connection_limit", Type::count, &at<&S::metrics, &S::Metrics::connection_limit>, "50",
     "1..1000", "Connections to metrics.listen at a time; further ones get 503."},
    {"metrics.timeout", Type::duration, &at<&S::metrics, &S::Metrics::timeout>, "10s", "1s..5m",
     "How long such a connection may last, all of it: request, answer and end."},

    {"log.level", Type::choice, &at<&S::log, &S::Log::level>, "info", "debug|info|warning|error",
     "The least severe events that are logged."},
    {"log.format", Type::choice, &at<&S::log, &S::Log::format>, "logfmt", "logfmt|json",
     "How a line of the log is written."},
});

}  // namespace postrider::config::rows

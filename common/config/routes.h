// routes.h - the two halves of a [[route]]: which domains, and where their mail goes.
#pragma once

#include <string_view>

namespace postrider::config {

// A domain, a domain with a dot before it (its subdomains), or "*".
bool is_route_match(std::string_view text);
inline constexpr std::string_view kRouteMatchForms =
    "a domain, \".\" and a domain for its subdomains, or \"*\"";

// "smtp:HOST[:PORT]", "smtp:[ADDRESS][:PORT]", "mx", "local", "discard:" or "hold:".
bool is_route_via(std::string_view text);
inline constexpr std::string_view kRouteViaForms =
    "\"smtp:HOST\", \"smtp:HOST:PORT\", \"smtp:[ADDRESS]:PORT\", \"mx\", \"local\", \"discard:\" "
    "or "
    "\"hold:\"";

}  // namespace postrider::config

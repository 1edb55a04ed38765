// routes.h - the two halves of a [[route]]: which domains, and where their mail goes.
//
// Who may send to a domain (smtpd) and where its mail goes (queued) is one decision: find_route().
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/config/settings.h"

namespace postrider::config {

// A domain, a domain with a dot before it (its subdomains), or "*".
bool is_route_match(std::string_view text);
inline constexpr std::string_view kRouteMatchForms =
    "a domain, \".\" and a domain for its subdomains, or \"*\"";

// A server that takes mail: "HOST[:PORT]" or "[ADDRESS][:PORT]".
bool is_server(std::string_view text);

// "smtp:" and a server, "mx", "discard:" or "hold:".
bool is_route_via(std::string_view text);
inline constexpr std::string_view kRouteViaForms =
    "\"smtp:HOST\", \"smtp:HOST:PORT\", \"smtp:[ADDRESS]:PORT\", \"mx\", \"discard:\" or \"hold:\"";

// Whether the directory knows a domain as one of ours.
enum class Whose : std::uint8_t { ours, others };

// Whether `via = "hold:"` counts: not for a message that an operator has released.
enum class Holds : std::uint8_t { apply, pass };

// The first route that takes the mail of `domain`, in upper or lower case, or null; it is one of
// `routes`. A domain of ours is taken by its name or by its parent's (".example.org"), and then all
// its addresses are, whether or not the directory knows their users; "*" leaves it where it is.
const Route* find_route(const std::vector<Route>& routes, std::string_view domain, Whose whose,
                        Holds holds);

}  // namespace postrider::config

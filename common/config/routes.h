// routes.h - the two halves of a [[route]]: which mail, and where it goes.
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
inline constexpr std::string_view kEveryDomain = "*";

// Whether `domain`, in upper or lower case, is the domain `match`, or a subdomain of it where a dot
// stands before it. kEveryDomain means what its owner says.
bool covers(std::string_view match, std::string_view domain) noexcept;

// A next hop (next_hops.h), "discard:" or "hold:".
bool is_route_via(std::string_view text);
inline constexpr std::string_view kRouteViaForms =
    "\"smtp:HOST\", \"smtp:HOST:PORT\", \"smtp:[ADDRESS]:PORT\", the same with \"smtps:\", \"mx\", "
    "\"lmtp:HOST:PORT\", \"lmtp:unix:/PATH\", \"discard:\" or \"hold:\"";

// Whether the route's mail ends in a mail store, as one of its next hops speaks LMTP: then of a
// domain of ours it is for the users alone that the directory knows, as it is without a route.
bool leads_to_store(const Route& route) noexcept;

// Whether the directory knows a domain as one of ours.
enum class Whose : std::uint8_t { ours, others };

// Whether `via = "hold:"` counts: not for a message that an operator has released.
enum class Holds : std::uint8_t { apply, pass };

// An address of a user who has logged in, or a domain of such users.
bool is_route_account(std::string_view text);
inline constexpr std::string_view kRouteAccountForms =
    "a user's address, as in \"ada@example.org\", or the users' domain";

// What a route is chosen by, beside the recipient's domain.
struct RoutedMail {
  std::string_view sender;   // the reverse-path; empty: <>
  std::string_view account;  // of the user who has logged in; empty: nobody
  Holds holds = Holds::apply;
};

// The first route that takes such mail for `domain`, in upper or lower case, or null; it is one of
// `routes`. A domain of ours is taken by its name or by its parent's (".example.org"), and then all
// its addresses are, whether or not the directory knows their users, unless it leads_to_store();
// "*" leaves it where it is.
const Route* find_route(const std::vector<Route>& routes, std::string_view domain, Whose whose,
                        const RoutedMail& mail);

}  // namespace postrider::config

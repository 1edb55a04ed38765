// route_hosts.h - decides which hosts take the mail of a domain, in which order. Pure.
//
// RFC 5321 section 5.1 (MX, implicit MX, loops), RFC 7505 (null MX).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/random.h"
#include "common/net/resolver.h"
#include "common/smtp/client_transaction.h"

namespace postrider::deliverd {

struct HostRoute {
  std::vector<std::string> hosts;   // in the order to try them, each once
  smtp::RecipientOutcome no_hosts;  // where `hosts` is empty: what becomes of the mail, and why
};

// `answer` is what DNS said of the MX of `domain`. Hosts of equal preference come in an order drawn
// from `random`. `own_name` and what is not preferred to it are left out: they would send the mail
// back to us.
HostRoute route_hosts(const std::string& domain, const net::MxAnswer& answer,
                      std::string_view own_name, Random& random);

}  // namespace postrider::deliverd

// auth_offer.h - the SASL mechanisms that a server's reply to EHLO offers: our client reads it.
//
// RFC 4954 section 3.
#pragma once

#include <vector>

#include "common/sasl/mechanism.h"
#include "common/smtp/reply.h"

namespace postrider::smtp {

// Those that we know, in the server's order. Precondition: `reply` is positive.
std::vector<sasl::Mechanism> offered_mechanisms(const Reply& reply);

}  // namespace postrider::smtp

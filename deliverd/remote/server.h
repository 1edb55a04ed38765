// server.h - a server as mail is brought to it: what connections are kept apart by.
#pragma once

#include <compare>
#include <string>

#include "common/net/tls_client.h"
#include "common/sasl/client_exchange.h"

namespace postrider::deliverd {

struct Server {
  net::TlsPeer peer;
  const sasl::Login* login = nullptr;  // null: mail is brought by nobody in particular
  auto operator<=>(const Server&) const = default;
};

}  // namespace postrider::deliverd

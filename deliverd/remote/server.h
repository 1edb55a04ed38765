// server.h - a server as mail is brought to it: what connections are kept apart by.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/config/settings.h"
#include "common/net/tls_client.h"
#include "common/sasl/client_exchange.h"
#include "common/smtp/protocol.h"

namespace postrider::deliverd {

struct Server {
  net::TlsPeer peer;
  const sasl::Login* login = nullptr;  // null: mail is brought by nobody in particular
  const config::DestinationLimits* limits = nullptr;  // null: those of every address
  smtp::Protocol protocol = smtp::Protocol::smtp;
  smtp::TlsStart tls_start = smtp::TlsStart::starttls;

  // One address is one server, unless it has to show that it is the host.
  auto operator<=>(const Server& other) const { return identity() <=> other.identity(); }
  bool operator==(const Server& other) const { return identity() == other.identity(); }

 private:
  using Identity = std::tuple<const net::Endpoint&, TlsLevel, std::string_view,
                              const std::vector<std::string>&, bool, const sasl::Login*,
                              const config::DestinationLimits*, smtp::Protocol, smtp::TlsStart>;
  Identity identity() const {
    const bool of_host = peer.level == TlsLevel::verify && peer.names.empty();
    return {peer.address, peer.level,      of_host ? std::string_view(peer.host) : "",
            peer.names,   peer.only_tls13, login,
            limits,       protocol,        tls_start};
  }
};

// "mx.example.org[192.0.2.1]", "unix:/run/lmtp": as the log and reports name it.
std::string remote_name(std::string_view host, const net::Endpoint& endpoint);

}  // namespace postrider::deliverd

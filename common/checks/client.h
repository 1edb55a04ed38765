// client.h - what is known of a client from its connection, or from whoever speaks for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/net/address.h"

namespace postrider::checks {

// Who comes to a listener: other servers, or our own users and programs.
enum class Service : std::uint8_t { open, own };

struct Client {
  net::IpAddress address;    // unspecified: not known
  bool may_relay = false;    // in relay.networks, logged in, or a program of this host
  bool may_xclient = false;  // it is in smtpd.xclient_networks
  std::string name;          // of its host, as XCLIENT told it; empty: not told
  Service service = Service::open;
  std::string user;             // who has logged in; empty: nobody
  std::optional<unsigned> uid;  // of a program of this host, on the local submission socket

  // Nobody of ours: what strangers are asked it is asked.
  bool stranger() const noexcept { return service == Service::open && !may_relay; }
  // For logs and the envelope.
  std::string str() const {
    if (uid) return "uid " + std::to_string(*uid);
    return address.is_unspecified() ? "unknown" : address.str();
  }
};

}  // namespace postrider::checks

// client.h - what is known of a client from its connection, or from whoever speaks for it.
#pragma once

#include <cstdint>
#include <string>

#include "common/net/address.h"

namespace postrider::checks {

// Who comes to a listener: other servers, or our own users and programs.
enum class Service : std::uint8_t { open, own };

struct Client {
  net::IpAddress address;    // unspecified: not known
  bool may_relay = false;    // its address is in relay.networks, or it has logged in
  bool may_xclient = false;  // the connection is from smtpd.xclient_networks
  std::string name;          // of its host, as XCLIENT told it; empty: not told
  Service service = Service::open;

  // Nobody of ours: what strangers are asked it is asked.
  bool stranger() const noexcept { return service == Service::open && !may_relay; }
  // For logs and the envelope.
  std::string str() const { return address.is_unspecified() ? "unknown" : address.str(); }
};

}  // namespace postrider::checks

// client.h - what smtpd knows of a client from its connection alone.
#pragma once

#include <string>

#include "common/net/address.h"

namespace postrider::smtpd {

struct Client {
  net::IpAddress address;  // unspecified: not known
  bool may_relay = false;  // its address is in relay.networks

  // For logs and the envelope.
  std::string str() const { return address.is_unspecified() ? "unknown" : address.str(); }
};

}  // namespace postrider::smtpd

// client.h - what smtpd knows of a client from its connection, or from whoever speaks for it.
#pragma once

#include <string>

#include "common/net/address.h"

namespace postrider::smtpd {

struct Client {
  net::IpAddress address;    // unspecified: not known
  bool may_relay = false;    // its address is in relay.networks
  bool may_xclient = false;  // the connection is from smtpd.xclient_networks
  std::string name;          // of its host, as XCLIENT told it; empty: not told

  // For logs and the envelope.
  std::string str() const { return address.is_unspecified() ? "unknown" : address.str(); }
};

}  // namespace postrider::smtpd

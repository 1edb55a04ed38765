// client.h - what smtpd knows of a client from its connection alone.
#pragma once

#include "common/net/address.h"

namespace postrider::smtpd {

struct Client {
  net::IpAddress address;
  bool may_relay = false;  // its address is in relay.networks
};

}  // namespace postrider::smtpd

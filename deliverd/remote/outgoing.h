// outgoing.h - what mail that goes out needs of this host, found out before the workers start, as
// these may not (confinement.h).
//
// So a worker that is started later has what served until then, whatever the files have become.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/net/address.h"
#include "common/net/tls_client.h"
#include "common/sasl/client_exchange.h"

namespace postrider::deliverd {

struct Outgoing {
  std::unique_ptr<net::TlsClient> tls;
  std::optional<sasl::Login> login;             // at the smart host
  std::vector<net::IpAddress> interfaces = {};  // addresses of this host
};

// The error names the file and what is wrong with it. `clock` outlives the answer.
Result<Outgoing> load_outgoing(const config::Settings& settings, const Clock& clock);

}  // namespace postrider::deliverd

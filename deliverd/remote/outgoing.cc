#include "deliverd/remote/outgoing.h"

#include <utility>

#include "deliverd/remote/own_addresses.h"
#include "deliverd/remote/smarthost_login.h"

namespace postrider::deliverd {

Result<Outgoing> load_outgoing(const config::Settings& settings, const Clock& clock) {
  auto tls = net::TlsClient::load(settings.tls.ca_file, clock);
  if (!tls) return pass_on(std::move(tls.error()));
  auto login = load_smarthost_login(settings);
  if (!login) return pass_on(std::move(login.error()));
  return Outgoing{std::move(*tls), std::move(*login), interface_addresses()};
}

}  // namespace postrider::deliverd

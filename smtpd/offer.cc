#include "smtpd/offer.h"

namespace postrider::smtpd {

smtp::Extensions offered_to(const checks::Client& client, const smtp::ServerSettings& listener,
                            WallTime now) {
  smtp::Extensions offered = listener.offered;
  const bool is_open =
      listener.protocol == smtp::Protocol::smtp && !listener.authentication_required;
  if (is_open && !client.may_relay) offered.dsn = false;
  if (!client.address.is_loopback()) offered.auth_in_clear = false;
  if (!client.may_xclient) offered.xclient = false;
  if (offered.future_release) offered.future_release_until = now + offered.future_release_max;
  return offered;
}

}  // namespace postrider::smtpd

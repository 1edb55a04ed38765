#include "smtpd/offer.h"

namespace postrider::smtpd {

smtp::Extensions offered_to(const Client& client, const smtp::ServerSettings& listener) {
  smtp::Extensions offered = listener.offered;
  const bool is_open = listener.protocol == smtp::Protocol::smtp && !listener.authentication_required;
  if (is_open && !client.may_relay) offered.dsn = false;
  if (!client.may_xclient) offered.xclient = false;
  return offered;
}

}  // namespace postrider::smtpd

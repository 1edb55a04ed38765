#include "smtpd/offer.h"

namespace postrider::smtpd {

smtp::Extensions offered_to(const Client& client, const smtp::ServerSettings& listener) {
  smtp::Extensions offered = listener.offered;
  if (!client.may_relay && !listener.authentication_required) offered.dsn = false;
  if (!client.may_xclient) offered.xclient = false;
  return offered;
}

}  // namespace postrider::smtpd

#include "smtpd/trace.h"

#include <fmt/format.h>

#include "common/message/date.h"
#include "common/smtp/address.h"

namespace postrider::smtpd {

std::string received_field(const Arrival& arrival, const smtp::Transaction& transaction) {
  const std::string literal =
      arrival.client_address.is_unspecified() ? "unknown" : arrival.client_address.literal();
  const bool named =
      smtp::is_domain(arrival.client_name) || smtp::is_address_literal(arrival.client_name);
  const std::string for_one =
      transaction.recipients.size() == 1
          ? fmt::format("\r\n\tfor <{}>", transaction.recipients.front().recipient.str())
          : "";
  const std::string under_tls =
      arrival.tls != nullptr
          ? fmt::format("\r\n\ttls {} ({})", arrival.tls->cipher, arrival.tls->version)
          : "";
  return fmt::format("Received: from {} ({}{}{})\r\n\tby {} with {} id {}{}{};\r\n\t{}\r\n",
                     named ? arrival.client_name : literal, arrival.host_name,
                     arrival.host_name.empty() ? "" : " ", literal, arrival.hostname,
                     arrival.protocol, arrival.id.view(), for_one, under_tls,
                     message::rfc5322_date(arrival.time));
}

}  // namespace postrider::smtpd

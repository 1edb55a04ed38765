#include "smtpd/trace.h"

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/message/date.h"
#include "common/smtp/address.h"

namespace postrider::smtpd {

namespace {

std::string from_clause(const Arrival& arrival) {
  const checks::Client& client = arrival.client;
  const std::string address =
      client.address.is_unspecified() ? "unknown" : client.address.literal();
  const bool named =
      smtp::is_domain(arrival.client_name) || smtp::is_address_literal(arrival.client_name);
  return fmt::format("from {} ({}{}{})\r\n\t", named ? arrival.client_name : address, client.name,
                     client.name.empty() ? "" : " ", address);
}

}  // namespace

std::string received_field(const Arrival& arrival, const smtp::Transaction& transaction) {
  const auto& uid = arrival.client.uid;
  const std::string from = arrival.hidden || uid ? "" : from_clause(arrival);
  const std::string by_whom = arrival.hidden || !uid ? "" : fmt::format(" (from uid {})", *uid);
  std::string for_one =
      transaction.recipients.size() == 1 ? transaction.recipients.front().recipient.str() : "";
  // Beyond ASCII it would make a message of SMTPUTF8 of one that may go without (RFC 6531
  // section 3.2).
  if (!is_all_ascii(for_one)) for_one.clear();
  if (!for_one.empty()) for_one = fmt::format("\r\n\tfor <{}>", for_one);
  const std::string under_tls =
      arrival.tls != nullptr
          ? fmt::format("\r\n\ttls {} ({})", arrival.tls->cipher, arrival.tls->version)
          : "";
  return fmt::format("Received: {}by {}{} with {} id {}{}{};\r\n\t{}\r\n", from, arrival.hostname,
                     by_whom, arrival.protocol, arrival.id.view(), for_one, under_tls,
                     message::rfc5322_date(arrival.time));
}

}  // namespace postrider::smtpd

#include "deliverd/remote/route_hosts.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::deliverd {

namespace {

using net::MxRecord;
using smtp::Outcome;

HostRoute no_route(Outcome outcome, std::string status, std::string text) {
  return {{}, {outcome, {0, std::move(status), std::move(text)}}};
}

HostRoute loops(const std::string& domain) {
  return no_route(Outcome::failed, "5.4.6",
                  fmt::format("mail for {} loops back to myself: this host is its mail exchanger, "
                              "but does not know the domain",
                              domain));
}

// By preference, equals in a random order.
void order(std::vector<MxRecord>& records, Random& random) {
  for (std::size_t i = records.size(); i > 1; --i)
    std::swap(records[i - 1], records[random.below(i)]);
  std::stable_sort(records.begin(), records.end(), [](const MxRecord& a, const MxRecord& b) {
    return a.preference < b.preference;
  });
}

// RFC 5321 section 5.1: hosts that are no better than we are must not be tried.
void cut_at(std::string_view own_name, std::vector<MxRecord>& records) {
  const auto own = std::find_if(records.begin(), records.end(), [&](const MxRecord& record) {
    return equals_ignoring_case(record.exchange, own_name);
  });
  if (own == records.end()) return;
  const std::uint16_t limit = own->preference;
  std::erase_if(records, [&](const MxRecord& record) { return record.preference >= limit; });
}

HostRoute route_by_mx(const std::string& domain, std::vector<MxRecord> records,
                      std::string_view own_name, Random& random) {
  std::erase_if(records, [](const MxRecord& record) { return record.exchange.empty(); });
  if (records.empty())  // RFC 7505 section 3
    return no_route(Outcome::failed, "5.1.10",
                    fmt::format("{} does not accept mail (null MX)", domain));
  order(records, random);
  cut_at(own_name, records);
  if (records.empty()) return loops(domain);
  HostRoute route;
  for (MxRecord& record : records)
    if (std::find(route.hosts.begin(), route.hosts.end(), record.exchange) == route.hosts.end())
      route.hosts.push_back(std::move(record.exchange));
  return route;
}

}  // namespace

HostRoute route_hosts(const std::string& domain, const net::MxAnswer& answer,
                      std::string_view own_name, Random& random) {
  switch (answer.status) {
    case net::DnsStatus::found: return route_by_mx(domain, answer.records, own_name, random);
    case net::DnsStatus::no_data:  // implicit MX
      if (equals_ignoring_case(domain, own_name)) return loops(domain);
      return {{domain}, {}};
    case net::DnsStatus::no_domain:
      return no_route(Outcome::failed, "5.1.2",
                      fmt::format("the domain {} does not exist", domain));
    case net::DnsStatus::temporary: break;
  }
  return no_route(Outcome::deferred, "4.4.3", answer.reason);
}

}  // namespace postrider::deliverd

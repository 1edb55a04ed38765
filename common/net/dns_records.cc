#include "common/net/dns_records.h"

#include <arpa/nameser.h>

#include <array>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/net/address.h"

namespace postrider::net {

namespace {

using Octets = std::string_view;

Octets data_of(const ns_rr& record) {
  return {reinterpret_cast<const char*>(ns_rr_rdata(record)),
          static_cast<std::size_t>(ns_rr_rdlen(record))};
}

unsigned number_at(Octets data, std::size_t at) {
  return ns_get16(reinterpret_cast<const unsigned char*>(data.data()) + at);
}

// The name that follows `before` octets of numbers; empty: there is none.
std::string name_after(const ns_msg& message, Octets data, std::size_t before) {
  std::array<char, NS_MAXDNAME> name{};
  const auto* const from = reinterpret_cast<const unsigned char*>(data.data()) + before;
  if (data.size() <= before || ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), from,
                                                  name.data(), name.size()) < 0)
    return {};
  return to_lower(name.data()) + '.';
}

std::string address(Octets data, std::size_t octets) {
  return data.size() == octets ? IpAddress(data).str() : std::string();
}

std::string mx(const ns_msg& message, Octets data) {
  const std::string host = name_after(message, data, 2);
  return host.empty() ? host : fmt::format("{} {}", number_at(data, 0), host);
}

std::string srv(const ns_msg& message, Octets data) {
  const std::string host = name_after(message, data, 6);
  if (host.empty()) return host;
  return fmt::format("{} {} {} {}", number_at(data, 0), number_at(data, 2), number_at(data, 4),
                     host);
}

// Strings with an octet before each that says its length.
std::string txt(Octets data) {
  std::string text;
  while (!data.empty()) {
    const auto length = static_cast<unsigned char>(data.front());
    if (length >= data.size()) return {};
    text += data.substr(1, length);
    data.remove_prefix(std::size_t{length} + 1);
  }
  return text;
}

std::string written(const ns_msg& message, const ns_rr& record) {
  const Octets data = data_of(record);
  switch (static_cast<RecordType>(ns_rr_type(record))) {
    case RecordType::a: return address(data, 4);
    case RecordType::aaaa: return address(data, 16);
    case RecordType::mx: return mx(message, data);
    case RecordType::srv: return srv(message, data);
    case RecordType::txt: return txt(data);
  }
  return {};
}

}  // namespace

std::string_view name_of_type(int type) noexcept {
  switch (type) {
    case ns_t_mx: return "MX";
    case ns_t_a: return "A";
    case ns_t_aaaa: return "AAAA";
    case ns_t_txt: return "TXT";
    case ns_t_srv: return "SRV";
    default: return "PTR";
  }
}

std::string host_name(std::string_view name) {
  std::string host = to_lower(name);
  if (host.ends_with('.')) host.pop_back();
  return host;
}

std::vector<std::string> records_of(std::span<const unsigned char> message, RecordType type) {
  ns_msg parsed{};
  std::vector<std::string> records;
  if (ns_initparse(message.data(), static_cast<int>(message.size()), &parsed) != 0) return records;
  ns_rr record{};
  for (int i = 0; i < ns_msg_count(parsed, ns_s_an) && records.size() < kMaxRecords; ++i) {
    if (ns_parserr(&parsed, ns_s_an, i, &record) != 0) break;
    if (ns_rr_type(record) != static_cast<int>(type)) continue;
    if (std::string text = written(parsed, record); !text.empty())
      records.push_back(std::move(text));
  }
  return records;
}

}  // namespace postrider::net

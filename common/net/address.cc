#include "common/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "common/base/check.h"

namespace postrider::net {

namespace {

constexpr std::string_view kMappedPrefix("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

template <typename Int>
bool parse_number(std::string_view text, Int& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

IpAddress::IpAddress(std::string_view octets) {
  POSTRIDER_CHECK(octets.size() == 4 || octets.size() == 16);
  if (octets.size() == 16 && octets.starts_with(kMappedPrefix)) octets.remove_prefix(12);
  v4_ = octets.size() == 4;
  std::memcpy(octets_, octets.data(), octets.size());
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  char octets[16];
  if (terminated.find('\0') == std::string::npos) {
    if (::inet_pton(AF_INET, terminated.c_str(), octets) == 1)
      return IpAddress(std::string_view(octets, 4));
    if (::inet_pton(AF_INET6, terminated.c_str(), octets) == 1)
      return IpAddress(std::string_view(octets, 16));
  }
  return fail(ErrorKind::invalid, fmt::format("'{}' is not an IPv4 or IPv6 address", text));
}

bool IpAddress::is_loopback() const noexcept {
  if (v4_) return octets_[0] == 127;
  return std::all_of(octets_, octets_ + 15, [](unsigned char c) { return c == 0; }) &&
         octets_[15] == 1;
}

bool IpAddress::is_unspecified() const noexcept {
  return std::all_of(octets_, octets_ + 16, [](unsigned char c) { return c == 0; });
}

std::string IpAddress::str() const {
  char text[INET6_ADDRSTRLEN];
  POSTRIDER_CHECK(::inet_ntop(v4_ ? AF_INET : AF_INET6, octets_, text, sizeof text) != nullptr);
  return text;
}

std::string IpAddress::literal() const {
  return v4_ ? fmt::format("[{}]", str()) : fmt::format("[IPv6:{}]", str());
}

std::string IpAddress::arpa_name() const {
  std::string name;
  const std::string_view all = octets();
  for (auto octet = all.rbegin(); octet != all.rend(); ++octet) {
    const auto value = static_cast<unsigned char>(*octet);
    name += v4_ ? fmt::format("{}.", value) : fmt::format("{:x}.{:x}.", value & 0xfU, value >> 4U);
  }
  return name + (v4_ ? "in-addr.arpa" : "ip6.arpa");
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto wrong = [&] {
    return fail(
        ErrorKind::invalid,
        fmt::format("'{}' is not ADDRESS:PORT, as in 192.0.2.1:25 or [2001:db8::1]:25", text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  SocketAddress address;
  if (!parse_number(text.substr(colon + 1), address.port)) return wrong();
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  auto ip = IpAddress::parse(host);
  if (!ip || (!bracketed && !ip->is_v4())) return wrong();
  address.ip = *ip;
  return address;
}

SocketAddress SocketAddress::from(const sockaddr_storage& storage) {
  SocketAddress address;
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    address.ip = IpAddress(std::string_view(reinterpret_cast<const char*>(&in.sin_addr), 4));
    address.port = ntohs(in.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &storage, sizeof in);
    address.ip = IpAddress(std::string_view(reinterpret_cast<const char*>(&in.sin6_addr), 16));
    address.port = ntohs(in.sin6_port);
  }
  return address;
}

socklen_t SocketAddress::fill(sockaddr_storage& storage) const {
  std::memset(&storage, 0, sizeof storage);
  const std::string_view octets = ip.octets();
  if (ip.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, octets.data(), octets.size());
    std::memcpy(&storage, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  std::memcpy(&in.sin6_addr, octets.data(), octets.size());
  std::memcpy(&storage, &in, sizeof in);
  return sizeof in;
}

std::string SocketAddress::str() const {
  return ip.is_v4() ? fmt::format("{}:{}", ip.str(), port) : fmt::format("[{}]:{}", ip.str(), port);
}

namespace {

bool same_prefix(std::string_view a, std::string_view b, unsigned bits) noexcept {
  const unsigned whole = bits / 8;
  if (a.substr(0, whole) != b.substr(0, whole)) return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xffU << (8 - rest));
  return ((static_cast<unsigned char>(a[whole]) ^ static_cast<unsigned char>(b[whole])) & mask) ==
         0;
}

}  // namespace

namespace {

IpAddress without_host_bits(const IpAddress& ip, unsigned prefix) {
  std::string octets(ip.octets());
  for (std::size_t bit = prefix; bit < octets.size() * 8; ++bit)
    octets[bit / 8] =
        static_cast<char>(static_cast<unsigned char>(octets[bit / 8]) & ~(0x80U >> (bit % 8)));
  return IpAddress(octets);
}

}  // namespace

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return pass_on(std::move(ip.error()));
  Network network;
  network.base_ = *ip;
  const unsigned all = ip->is_v4() ? 32 : 128;
  network.bits_ = all;
  if (slash != std::string_view::npos &&
      (!parse_number(text.substr(slash + 1), network.bits_) || network.bits_ > all))
    return fail(ErrorKind::invalid, fmt::format("'{}': the prefix length is 0 to {}", text, all));

  const IpAddress base = without_host_bits(*ip, network.bits_);
  if (base != *ip)
    return fail(ErrorKind::invalid, fmt::format("'{}' has host bits set; the network is {}/{}",
                                                text, base.str(), network.bits_));
  return network;
}

Network Network::around(const IpAddress& ip) {
  Network network;
  network.bits_ = ip.is_v4() ? 24 : 64;
  network.base_ = without_host_bits(ip, network.bits_);
  return network;
}

bool Network::contains(const IpAddress& ip) const noexcept {
  return ip.is_v4() == base_.is_v4() && same_prefix(ip.octets(), base_.octets(), bits_);
}

std::string Network::str() const { return fmt::format("{}/{}", base_.str(), bits_); }

std::string to_client_name(const IpAddress& ip) {
  return ip.is_v4() ? ip.str() : Network::around(ip).str();
}

Networks parse_networks(const std::vector<std::string>& texts) {
  Networks networks;
  for (const std::string& text : texts) {
    const auto network = Network::parse(text);
    POSTRIDER_CHECK(network.has_value());
    networks.push_back(*network);
  }
  return networks;
}

bool contains(const Networks& networks, const IpAddress& ip) noexcept {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(ip); });
}

}  // namespace postrider::net

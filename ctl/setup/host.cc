#include "ctl/setup/host.h"

#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/domain_name.h"
#include "common/base/fd.h"

namespace postrider::ctl {

namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;
using Interfaces = std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)>;

bool is_full_name(const std::string& name) {
  return name.find('.') != std::string::npos && is_domain_name(name) &&
         !name.ends_with(".localdomain") && !name.ends_with(".local") && name != "localhost";
}

// What the resolver makes of a name without a dot.
std::string canonical(const char* name) {
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name, nullptr, &hints, &found) != 0) return {};
  const AddressList list(found, &::freeaddrinfo);
  return found->ai_canonname == nullptr ? std::string() : found->ai_canonname;
}

// RFC 6890, and RFC 4291 section 2.4: of IPv6 the Internet routes 2000::/3 alone.
constexpr std::array kNotPublic{
    "0.0.0.0/8",       "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12",   "192.0.0.0/24",   "192.0.2.0/24",  "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",   "2001:db8::/32",
};
constexpr const char* kPublicV6 = "2000::/3";

// getifaddrs() does not tell the flags; the kernel shows them here.
constexpr const char* kIpv6Addresses = "/proc/net/if_inet6";
constexpr unsigned kPassing = IFA_F_TEMPORARY | IFA_F_DEPRECATED | IFA_F_DADFAILED;

std::string content_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_one_of(const std::vector<net::IpAddress>& addresses, const net::IpAddress& address) {
  return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

bool is_in(const char* network, const net::IpAddress& address) {
  const auto parsed = net::Network::parse(network);
  return parsed && parsed->contains(address);
}

}  // namespace

std::string own_host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  for (const std::string& candidate : {std::string(name.data()), canonical(name.data())}) {
    const std::string lower = to_lower(candidate);
    if (is_full_name(lower)) return lower;
  }
  return {};
}

bool is_public(const net::IpAddress& address) {
  if (!address.is_v4() && !is_in(kPublicV6, address)) return false;
  return std::none_of(kNotPublic.begin(), kNotPublic.end(),
                      [&](const char* network) { return is_in(network, address); });
}

// A line: 32 hexadecimal digits, then in hexadecimal too the interface, the prefix, the scope and
// the flags, then the interface's name.
std::vector<net::IpAddress> passing_addresses(std::string_view if_inet6) {
  std::vector<net::IpAddress> passing;
  while (!if_inet6.empty()) {
    const std::string line(if_inet6.substr(0, if_inet6.find('\n')));
    if_inet6.remove_prefix(std::min(if_inet6.size(), line.size() + 1));
    std::array<char, 33> digits{};
    unsigned flags = 0;
    if (std::sscanf(line.c_str(), "%32[0-9a-f] %*x %*x %*x %x", digits.data(), &flags) != 2 ||
        (flags & kPassing) == 0)
      continue;
    std::string text;
    for (std::size_t i = 0; i < 32; i += 4)
      text += fmt::format("{}{}", i == 0 ? "" : ":", std::string_view(&digits[i], 4));
    if (const auto address = net::IpAddress::parse(text)) passing.push_back(*address);
  }
  return passing;
}

std::vector<net::IpAddress> public_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  const Interfaces interfaces(first, &::freeifaddrs);
  const std::vector<net::IpAddress> passing = passing_addresses(content_of(kIpv6Addresses));
  std::vector<net::IpAddress> addresses;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, one->ifa_addr,
                family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    const net::IpAddress address = net::SocketAddress::from(storage).ip;
    if (is_public(address) && !is_one_of(passing, address) && !is_one_of(addresses, address))
      addresses.push_back(address);
  }
  std::stable_partition(addresses.begin(), addresses.end(),
                        [](const net::IpAddress& address) { return address.is_v4(); });
  return addresses;
}

bool has_ipv6() {
  const Fd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  return fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
}

}  // namespace postrider::ctl

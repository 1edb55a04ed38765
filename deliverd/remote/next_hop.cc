#include "deliverd/remote/next_hop.h"

#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/config/next_hops.h"

namespace postrider::deliverd {

namespace {

constexpr config::Scheme kMx{.name = "mx:"};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// "192.0.2.1", "2001:db8::1", or with the tag of RFC 5321 section 4.1.3, "IPv6:2001:db8::1".
Result<net::IpAddress> parse_literal(std::string_view text) {
  constexpr std::string_view kTag = "IPv6:";
  if (starts_with_ignoring_case(text, kTag)) text.remove_prefix(kTag.size());
  return net::IpAddress::parse(text);
}

// Splits ":PORT" off the end of `host`, where it is.
bool take_port(std::string_view& host, std::uint16_t& port) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
    return true;
  const auto told = parse_port(host.substr(colon + 1));
  if (!told) return false;
  port = *told;
  host = host.substr(0, colon);
  return true;
}

Result<NextHop> parse_next_hop(std::string_view text, std::uint16_t port) {
  const auto wrong = [&] {
    return fail(ErrorKind::invalid, fmt::format("'{}' is no next hop: it is mx:DOMAIN, "
                                                "smtp:HOST:PORT, smtp:[ADDRESS]:PORT, the same "
                                                "with smtps: or lmtp:, or lmtp:unix:/PATH",
                                                text));
  };
  if (const auto path = config::lmtp_socket(text))
    return NextHop{net::UnixSocket{std::string(*path)}, smtp::Protocol::lmtp};
  const bool by_mx = text.starts_with(kMx.name);
  const config::Scheme* const scheme = by_mx ? &kMx : config::scheme_of(text);
  if (scheme == nullptr) return wrong();
  std::string_view host = text.substr(scheme->name.size());
  if (scheme->port != 0) port = scheme->port;
  if (!by_mx && !take_port(host, port)) return wrong();
  const auto hop_by = [&](auto way) {
    return NextHop{std::move(way), scheme->protocol, scheme->tls_start};
  };
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    const auto ip = parse_literal(host.substr(1, host.size() - 2));
    if (!ip) return wrong();
    return hop_by(net::SocketAddress{*ip, port});
  }
  if (host.empty() || host.find_first_of("[]: ") != std::string_view::npos) return wrong();
  if (by_mx) return hop_by(MxHop{to_lower(host), port});
  return hop_by(HostHop{to_lower(host), port});
}

}  // namespace

Result<std::vector<NextHop>> parse_next_hops(std::string_view text, std::uint16_t port) {
  std::vector<NextHop> hops;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    auto hop = parse_next_hop(text.substr(0, comma), port);
    if (!hop) return pass_on(std::move(hop.error()));
    hops.push_back(std::move(*hop));
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return hops;
}

}  // namespace postrider::deliverd

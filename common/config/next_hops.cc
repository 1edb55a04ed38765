#include "common/config/next_hops.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/domain_name.h"
#include "common/config/units.h"
#include "common/net/address.h"

namespace postrider::config {

namespace {

using smtp::Protocol;
using smtp::TlsStart;

constexpr auto kSchemes = std::to_array<Scheme>({
    {"smtp:", Protocol::smtp, TlsStart::starttls, 0},
    {"smtps:", Protocol::smtp, TlsStart::implicit, 465},
    {"lmtp:", Protocol::lmtp, TlsStart::starttls, 24},
});

// A socket's path with the zero behind it: sun_path of unix(7).
constexpr std::size_t kMaxSocketPath = 107;

bool is_port(std::string_view text) {
  const auto port = parse_count(text);
  return port && *port >= 1 && *port <= 65535;
}

}  // namespace

const Scheme* scheme_of(std::string_view via) noexcept {
  const auto* const found =
      std::find_if(kSchemes.begin(), kSchemes.end(),
                   [&](const Scheme& scheme) { return via.starts_with(scheme.name); });
  return found == kSchemes.end() ? nullptr : found;
}

bool is_server(std::string_view text) {
  if (!text.starts_with('[')) {
    const std::size_t colon = text.find(':');
    return is_domain_name(text.substr(0, colon)) &&
           (colon == std::string_view::npos || is_port(text.substr(colon + 1)));
  }
  const std::size_t bracket = text.find(']');
  if (bracket == std::string_view::npos || !net::IpAddress::parse(text.substr(1, bracket - 1)))
    return false;
  const std::string_view rest = text.substr(bracket + 1);
  return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
}

bool is_smarthost(std::string_view text) {
  const Scheme* const scheme = scheme_of(text);
  return is_server(text) || (scheme != nullptr && scheme->tls_start == TlsStart::implicit &&
                             is_server(text.substr(scheme->name.size())));
}

bool is_next_hop(std::string_view via) {
  if (via == "mx" || lmtp_socket(via)) return true;
  const Scheme* const scheme = scheme_of(via);
  if (scheme == nullptr || !is_server(via.substr(scheme->name.size()))) return false;
  return scheme->protocol == Protocol::smtp || !via.ends_with(":25");
}

bool is_socket(std::string_view text) noexcept {
  const auto path = unix_path(text);
  return path && path->starts_with('/') && path->size() <= kMaxSocketPath &&
         path->find(',') == std::string_view::npos &&
         std::none_of(path->begin(), path->end(), &is_control);
}

std::optional<std::string_view> lmtp_socket(std::string_view via) noexcept {
  const Scheme* const scheme = scheme_of(via);
  if (scheme == nullptr || scheme->protocol != Protocol::lmtp) return std::nullopt;
  const std::string_view server = via.substr(scheme->name.size());
  return is_socket(server) ? unix_path(server) : std::nullopt;
}

std::string next_hop_by(std::string_view via, std::uint64_t relay_port) {
  const Scheme* const scheme = scheme_of(via);
  if (scheme == nullptr || lmtp_socket(via)) return std::string(via);
  const std::size_t bracket = via.rfind(']');
  const std::size_t colon = via.rfind(':');
  const bool has_port =
      bracket == std::string_view::npos ? colon >= scheme->name.size() : colon > bracket;
  if (has_port) return to_lower(via);
  return fmt::format("{}:{}", to_lower(via), scheme->port == 0 ? relay_port : scheme->port);
}

std::string smarthost_next_hop(const Settings::Relay& relay) {
  return next_hop_by(is_server(relay.smarthost) ? "smtp:" + relay.smarthost : relay.smarthost,
                     relay.port);
}

}  // namespace postrider::config

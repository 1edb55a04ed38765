#include "smtpd/admission.h"

#include <algorithm>
#include <string>

namespace postrider::smtpd {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kRatePeriod = 1min;
constexpr std::chrono::seconds kErrorPeriod = 1h;

// 0 is no limit.
bool reached(double count, std::uint64_t limit) {
  return limit != 0 && count >= static_cast<double>(limit);
}

}  // namespace

struct Admission::Scope {
  limits::Tally::Key address, network;
};

Admission::Admission(limits::Tally& tally, const limits::Bans& bans, const Clock& clock,
                     const config::Settings& settings)
    : tally_(tally),
      bans_(bans),
      clock_(clock),
      settings_(settings.smtpd),
      unlimited_(net::parse_networks(settings_.unlimited_networks)),
      never_banned_(net::parse_networks(settings.bans.exempt_networks)) {}

Admission::Scope Admission::scope(const net::IpAddress& address) const {
  return {tally_.key("smtp address", address.octets()),
          tally_.key("smtp network", net::Network::around(address).str())};
}

bool Admission::is_limited(const net::IpAddress& address) const {
  return !address.is_unspecified() && !net::contains(unlimited_, address);
}

std::optional<std::string_view> Admission::enter(const net::IpAddress& address) {
  if (address.is_unspecified()) return std::nullopt;
  const WallTime now = clock_.now();
  if (!net::contains(never_banned_, address) &&
      bans_.banned_until(limits::BanKind::address, net::to_client_name(address), now))
    return "too many wrong passwords from your address, try again later";
  if (!is_limited(address)) return std::nullopt;
  const auto [one, network] = scope(address);
  const auto present = [&](limits::Tally::Key key) {
    return static_cast<double>(tally_.present(key));
  };
  if (reached(present(one), settings_.connection_limit_per_address))
    return "too many connections from your address, try again later";
  if (reached(present(network), settings_.connection_limit_per_network))
    return "too many connections from your network, try again later";
  if (reached(tally_.level(one, kRatePeriod, now), settings_.connection_rate_per_address))
    return "connections too often from your address, try again later";
  if (reached(tally_.level(network, kRatePeriod, now), settings_.connection_rate_per_network))
    return "connections too often from your network, try again later";
  for (const limits::Tally::Key key : {one, network}) {
    tally_.enter(key, now);
    tally_.add(key, 1, kRatePeriod, now);
  }
  return std::nullopt;
}

void Admission::leave(const net::IpAddress& address) {
  if (!is_limited(address)) return;
  const auto [one, network] = scope(address);
  tally_.leave(one);
  tally_.leave(network);
}

std::chrono::microseconds Admission::note_errors(const net::IpAddress& address,
                                                 std::uint64_t errors) {
  if (settings_.error_delay == 0s || !is_limited(address)) return 0us;
  const WallTime now = clock_.now();
  const limits::Tally::Key key = tally_.key("smtp errors", address.octets());
  tally_.add(key, static_cast<double>(errors), kErrorPeriod, now);
  const double beyond =
      tally_.level(key, kErrorPeriod, now) - static_cast<double>(settings_.error_limit);
  if (beyond <= 0) return 0us;
  const auto longest = std::chrono::microseconds(settings_.error_delay_max);
  const std::chrono::duration<double, std::micro> delay = beyond * settings_.error_delay;
  return delay >= longest ? longest : std::chrono::duration_cast<std::chrono::microseconds>(delay);
}

}  // namespace postrider::smtpd

#include "smtpd/admission.h"

#include "common/auth/ban_words.h"

namespace postrider::smtpd {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kErrorPeriod = 1h;

limits::ConnectionLimits connection_limits(const config::Settings::Smtpd& smtpd) {
  return {.per_address = smtpd.connection_limit_per_address,
          .per_network = smtpd.connection_limit_per_network,
          .rate_per_address = smtpd.connection_rate_per_address,
          .rate_per_network = smtpd.connection_rate_per_network,
          .unlimited = net::parse_networks(smtpd.unlimited_networks)};
}

}  // namespace

Admission::Admission(limits::Tally& tally, auth::Attempts& attempts, const Clock& clock,
                     const config::Settings& settings)
    : tally_(tally),
      attempts_(attempts),
      clock_(clock),
      settings_(settings.smtpd),
      connections_(tally, clock, connection_limits(settings.smtpd)) {}

std::optional<std::string_view> Admission::enter(const net::IpAddress& address) {
  if (attempts_.is_banned(address)) return auth::kAddressIsBanned;
  return connections_.enter(address);
}

std::chrono::microseconds Admission::note_errors(const net::IpAddress& address,
                                                 std::uint64_t errors) {
  if (settings_.error_delay == 0s || !connections_.is_limited(address)) return 0us;
  const WallTime now = clock_.now();
  const limits::Tally::Key key = tally_.key("errors of an address", address.octets());
  tally_.add(key, static_cast<double>(errors), kErrorPeriod, now);
  const double beyond =
      tally_.level(key, kErrorPeriod, now) - static_cast<double>(settings_.error_limit);
  if (beyond <= 0) return 0us;
  const auto longest = std::chrono::microseconds(settings_.error_delay_max);
  const std::chrono::duration<double, std::micro> delay = beyond * settings_.error_delay;
  return delay >= longest ? longest : std::chrono::duration_cast<std::chrono::microseconds>(delay);
}

}  // namespace postrider::smtpd

#include "common/auth/attempts.h"

#include <algorithm>
#include <string>

#include "common/base/ascii.h"
#include "common/base/timestamp.h"

namespace postrider::auth {

using limits::BanKind;
using metrics::Counter;

limits::Bans open_bans(const std::string& run_directory, log::Logger& log) {
  auto bans = limits::Bans::open(run_directory + "/bans");
  if (bans) return std::move(*bans);
  log.warning("bans_not_shared")
      .with("reason", bans.error().text)
      .with("effect", "each worker knows of the wrong passwords that it was given alone");
  return {};
}

Attempts::Attempts(limits::Bans& bans, const config::Settings::Bans& settings, const Clock& clock,
                   log::Logger& log, metrics::Counters& counters)
    : bans_(bans),
      settings_(settings),
      exempt_(net::parse_networks(settings.exempt_networks)),
      clock_(clock),
      log_(log),
      counters_(counters) {}

Consequence Attempts::note(const Attempt& attempt) {
  const bool banned = is_banned(attempt);
  const bool accepted = attempt.accepted && !banned;
  counters_.add(accepted ? Counter::authentications : Counter::authentication_failures);
  if (accepted) return {};
  log_.info("authentication_failed")
      .with("user", attempt.user)
      .with("client", attempt.client.str())
      .with("mechanism", attempt.mechanism)
      .with("reason", banned ? "the address or the account is banned" : attempt.reason);
  // A right password is held back as a wrong one is.
  const auto delay = count_failure(attempt);
  return {banned, delay};
}

// Nobody knows who a client without an address is.
bool Attempts::is_exempt(const net::IpAddress& client) const {
  return client.is_unspecified() || net::contains(exempt_, client);
}

bool Attempts::is_banned(const net::IpAddress& client) const {
  return !is_exempt(client) &&
         bans_.banned_until(BanKind::address, net::to_client_name(client), clock_.now())
             .has_value();
}

bool Attempts::is_banned(const Attempt& attempt) const {
  return is_banned(attempt.client) ||
         bans_.banned_until(BanKind::account, to_lower(attempt.user), clock_.now());
}

std::chrono::microseconds Attempts::count_failure(const Attempt& attempt) {
  const WallTime now = clock_.now();
  const auto fail = [&](BanKind kind, const std::string& name, std::uint64_t failures) {
    const limits::BanRow row = bans_.fail(
        kind, name, {static_cast<double>(failures), settings_.memory, settings_.duration}, now);
    note_ban(row);
    return row.failures;
  };
  double times = 1;
  if (!is_exempt(attempt.client))
    times = fail(BanKind::address, net::to_client_name(attempt.client), settings_.address_failures);
  if (!attempt.user.empty())
    fail(BanKind::account, to_lower(attempt.user), settings_.account_failures);
  const std::chrono::duration<double, std::micro> delay = times * settings_.delay;
  return std::min(std::chrono::duration_cast<std::chrono::microseconds>(delay),
                  std::chrono::microseconds(settings_.delay_max));
}

void Attempts::note_ban(const limits::BanRow& row) {
  if (!row.begins) return;
  log_.warning("banned")
      .with("kind", limits::name_of(row.kind))
      .with("name", row.name)
      .with("until", to_timestamp(*row.banned_until));
}

}  // namespace postrider::auth

#include "common/auth/attempts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/timestamp.h"
#include "common/limits/open_at_start.h"

namespace postrider::auth {

using limits::BanKind;
using metrics::Counter;

limits::Bans open_bans(const std::string& run_directory, log::Logger& log) {
  auto bans = limits::open_at_start([&] { return limits::Bans::open(run_directory + "/bans"); });
  if (bans) return std::move(*bans);
  log.warning("bans_not_shared")
      .with("reason", bans.error().text)
      .with("effect", "each worker knows of the wrong passwords that it was given alone");
  return {};
}

Attempts::Attempts(limits::Bans& bans, const config::Settings::Bans& settings, const Clock& clock,
                   log::Logger& log, metrics::Counters& counters, AccountOf account_of,
                   LoginJournal* journal)
    : bans_(bans),
      settings_(settings),
      exempt_(net::parse_networks(settings.exempt_networks)),
      clock_(clock),
      log_(log),
      counters_(counters),
      account_of_(std::move(account_of)),
      journal_(journal),
      unreachable_(log, clock,
                   {"bans_unreachable", "bans_reachable",
                    "wrong passwords are not counted, and no ban holds"}),
      unavailable_(log, clock,
                   {"authentication_unavailable", "authentication_available",
                    "users who log in are told to try again"}) {}

Consequence Attempts::note(const Attempt& attempt) {
  using End = Attempt::End;
  const bool banned = attempt.end == End::banned || is_banned(attempt.client, attempt.user);
  const bool accepted = attempt.end == End::accepted && !banned;
  counters_.add(accepted ? Counter::authentications : Counter::authentication_failures);
  if (accepted) note_available();
  record(attempt, accepted, banned);
  if (accepted) return {};
  auto entry = log_.info("authentication_failed");
  entry.with("user", attempt.user)
      .with("client", attempt.client.str())
      .with("mechanism", attempt.mechanism)
      .with("reason", banned ? "the address or the account is banned" : attempt.reason);
  if (!attempt.session.empty()) entry.session(attempt.session);
  // Under a ban each waits the same, whatever its password.
  return {banned, banned ? hold_back(1) : count_failure(attempt)};
}

// What was not judged is neither a login nor a failure.
void Attempts::record(const Attempt& attempt, bool accepted, bool banned) {
  if (journal_ == nullptr || attempt.mailbox.empty() || banned) return;
  if (accepted) return journal_->note_login(attempt.mailbox, attempt.client);
  if (attempt.end == Attempt::End::refused) journal_->note_failure(attempt.mailbox, attempt.client);
}

void Attempts::note_unavailable(std::string_view reason) { unavailable_.holds(reason); }

void Attempts::note_available() { unavailable_.passed(); }

// Nobody knows who a client without an address is.
bool Attempts::is_exempt(const net::IpAddress& client) const {
  return client.is_unspecified() || net::contains(exempt_, client);
}

bool Attempts::is_banned(const net::IpAddress& client) {
  return !is_exempt(client) && is_banned(BanKind::address, net::to_client_name(client));
}

bool Attempts::is_banned(const net::IpAddress& client, std::string_view user) {
  return is_banned(client) || is_banned(BanKind::account, account_of_(user));
}

// What is not known bans nobody.
bool Attempts::is_banned(BanKind kind, const std::string& name) {
  const auto until = bans_.banned_until(kind, name, clock_.now());
  if (!until) {
    unreachable_.holds(until.error().text);
    return false;
  }
  unreachable_.passed();
  return until->has_value();
}

std::chrono::microseconds Attempts::count_failure(const Attempt& attempt) {
  double failures = 1;
  if (!is_exempt(attempt.client))
    failures =
        count(BanKind::address, net::to_client_name(attempt.client), settings_.address_failures);
  if (!attempt.user.empty() && attempt.end != Attempt::End::abandoned)
    count(BanKind::account, account_of_(attempt.user), settings_.account_failures);
  return hold_back(failures);
}

// How many failures count for that name now, this one among them.
double Attempts::count(BanKind kind, const std::string& name, std::uint64_t limit) {
  const auto row = bans_.fail(
      kind, name, {static_cast<double>(limit), settings_.memory, settings_.duration}, clock_.now());
  if (!row) {
    unreachable_.holds(row.error().text);
    return 1;
  }
  unreachable_.passed();
  if (row->begins) {
    counters_.add(kind == BanKind::address ? Counter::address_bans : Counter::account_bans);
    log_.warning("banned")
        .with("kind", limits::name_of(kind))
        .with("name", row->name)
        .with("until", to_timestamp(*row->banned_until));
  }
  return row->failures;
}

std::chrono::microseconds Attempts::hold_back(double failures) const {
  const std::chrono::duration<double, std::micro> delay = failures * settings_.delay;
  return std::min(std::chrono::duration_cast<std::chrono::microseconds>(delay),
                  std::chrono::microseconds(settings_.delay_max));
}

}  // namespace postrider::auth

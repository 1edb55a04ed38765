// table.h - the one table of what is counted and measured: a name of Prometheus' making, labels,
// and what it means.
//
// From it come `/metrics`, `postrider status --json` and postrider-metrics(5). To add a metric: an
// enumerator and, in its place, a row in table.cc. The files of a run directory know the table that
// they were written by: after a change counting begins anew.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

namespace postrider::metrics {

// What only grows, from a process' first start on; restarts do not count.
enum class Counter : std::uint8_t {
  authentications,
  authentication_failures,
  address_bans,
  account_bans,
  smtp_connections,
  smtp_connections_refused,
  smtp_connections_slow,
  smtp_tls_sessions,
  smtp_tls_sessions_resumed,
  smtp_tls_failures,
  smtp_tls_12,
  smtp_tls_13,
  smtp_messages_accepted,
  smtp_octets_accepted,
  smtp_messages_tagged,
  smtp_messages_refused,
  smtp_recipients_refused,
  spool_commits,
  spool_commit_failures,
  queue_messages_taken_in,
  queue_messages_deferred,
  queue_messages_corrupt,
  queue_recipients_delivered,
  queue_recipients_bounced,
  queue_recipients_expired,
  queue_recipients_deleted,
  queue_reports_sent,
  queue_reports_dropped,
  queue_double_bounces,
  queue_storage_failures,
  queue_outages,
  delivery_attempts_local,
  delivery_attempts_remote,
  local_delivered,
  local_deferred,
  local_failed,
  local_corrupt,
  remote_delivered,
  remote_deferred,
  remote_failed,
  remote_corrupt,
  delivery_connections_remote,
  remote_sessions_clear,
  remote_sessions_tls_12,
  remote_sessions_tls_13,
  delivery_postponed,
  pop3_connections,
  pop3_connections_refused,
  pop3_logins,
  pop3_logins_refused,
  pop3_messages_retrieved,
  pop3_messages_deleted,
  pop3_tls_sessions,
  pop3_tls_sessions_resumed,
  pop3_tls_failures,
  pop3_tls_12,
  pop3_tls_13,
  count_,
};
inline constexpr auto kCounters = static_cast<std::size_t>(Counter::count_);

// What is so now, of one worker; it ends with it.
enum class Gauge : std::uint8_t {
  connections,
  tls_sessions,
  jobs,
  destinations_down,
  certificate_expiry,
  count_,
};
inline constexpr auto kGauges = static_cast<std::size_t>(Gauge::count_);

// How long things took: a histogram each.
enum class Duration : std::uint8_t {
  smtp_commit,
  spool_write,
  queue_delivery,
  local_attempt,
  remote_attempt,
  pop3_login,
  pop3_session,
  password_check,
  loop_turn,
  count_,
};
inline constexpr auto kDurations = static_cast<std::size_t>(Duration::count_);

// The upper bounds of a histogram's buckets; what is above the last is in one more.
inline constexpr std::size_t kBounds = 16;
using Scale = std::array<std::chrono::microseconds, kBounds>;

enum class Spread : std::uint8_t {
  total,       // one series, summed over all processes
  by_process,  // one of each daemon, with the label `process`
};

struct MetricText {
  std::string_view name;     // "postrider_smtp_messages_accepted_total"
  std::string_view labels;   // `service="smtp",version="1.3"`, or empty
  std::string_view meaning;  // one line without a full stop
  Spread spread = Spread::total;
};

const MetricText& text_of(Counter counter) noexcept;
const MetricText& text_of(Gauge gauge) noexcept;
const MetricText& text_of(Duration duration) noexcept;
const Scale& scale_of(Duration duration) noexcept;

// ---- What checks found (common/checks), in series of their own: one a check and an action ----

// The names of checks that are told apart, the last for all others.
std::span<const std::string_view> check_names() noexcept;
inline constexpr std::size_t kCheckNames = 23;
inline constexpr std::array<std::string_view, 3> kFindingActions{"tag", "defer", "refuse"};
inline constexpr std::size_t kFindings = kCheckNames * kFindingActions.size();
extern const MetricText kFindingText;

// Which of the kFindings series; what is not known is counted for the last check, as refused.
std::size_t finding_index(std::string_view check, std::string_view action) noexcept;

// What tells this table from others, of other versions.
std::uint64_t fingerprint() noexcept;

}  // namespace postrider::metrics

// counters.h - what each process counts, where the others can see it.
//
// One slot of 64-bit counters a worker, in a file of the run directory that is mapped and shared:
// counting is one relaxed addition, reading needs no conversation, and a worker that died leaves
// its numbers. The names are Prometheus names; the table is here.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace postrider::metrics {

enum class Counter : std::uint8_t {
  authentications,
  authentication_failures,
  smtp_connections,
  smtp_connections_refused,
  smtp_connections_slow,
  smtp_tls_sessions,
  smtp_tls_sessions_resumed,
  smtp_tls_failures,
  smtp_messages_accepted,
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
  delivery_connections_remote,
  delivery_postponed,
  pop3_connections,
  pop3_logins,
  pop3_logins_refused,
  pop3_messages_retrieved,
  pop3_messages_deleted,
  pop3_tls_sessions,
  pop3_tls_sessions_resumed,
  pop3_tls_failures,
};
inline constexpr std::size_t kCounters = 38;

// "postrider_smtp_messages_accepted_total" and what it counts.
struct CounterText {
  std::string_view name;
  std::string_view meaning;
};
const CounterText& text_of(Counter counter) noexcept;

class Counters {
 public:
  // Maps <directory>/<process>.<worker>.counters, keeping the numbers it holds.
  static Result<Counters> open(const std::string& directory, std::string_view process,
                               unsigned worker);
  // Counters of this process alone: for tests, and where the file cannot be had.
  Counters();

  void add(Counter counter, std::uint64_t n = 1) noexcept {
    slots_.get()[static_cast<std::size_t>(counter)].fetch_add(n, std::memory_order_relaxed);
  }
  std::uint64_t value(Counter counter) const noexcept {
    return slots_.get()[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }

 private:
  using Slots = std::atomic<std::uint64_t>;
  explicit Counters(std::shared_ptr<Slots> slots) : slots_(std::move(slots)) {}
  std::shared_ptr<Slots> slots_;  // the mapping, or memory; copies of a Counters count together
};

// The sums over all processes that left a file in `directory`.
std::array<std::uint64_t, kCounters> read_all(const std::string& directory);

}  // namespace postrider::metrics

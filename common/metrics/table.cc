#include "common/metrics/table.h"

#include <algorithm>

namespace postrider::metrics {

namespace {

using namespace std::chrono_literals;

constexpr std::array<MetricText, kCounters> kCounterTexts{{
    {"postrider_authentications_total", "", "users whose password was right"},
    {"postrider_authentication_failures_total", "", "wrong passwords and unknown users"},
    {"postrider_bans_total", R"(kind="address")",
     "bans for wrong passwords that began, of client addresses and of accounts"},
    {"postrider_bans_total", R"(kind="account")", ""},
    {"postrider_smtp_connections_total", "", "SMTP connections accepted"},
    {"postrider_smtp_connections_refused_total", "", "SMTP connections refused for a limit"},
    {"postrider_smtp_connections_slow_total", "", "SMTP connections ended as they did not get on"},
    {"postrider_smtp_tls_sessions_total", "", "SMTP connections that went on under TLS"},
    {"postrider_smtp_tls_sessions_resumed_total", "",
     "SMTP connections under TLS that resumed a session"},
    {"postrider_smtp_tls_failures_total", "", "SMTP connections whose handshake failed"},
    {"postrider_tls_sessions_total", R"(service="smtp",version="1.2")",
     "sessions under TLS with clients, by version"},
    {"postrider_tls_sessions_total", R"(service="smtp",version="1.3")", ""},
    {"postrider_smtp_messages_accepted_total", "", "messages made durable and acknowledged"},
    {"postrider_smtp_accepted_bytes_total", "", "octets of the messages that were accepted"},
    {"postrider_smtp_messages_tagged_total", "",
     "messages accepted in which checks found something"},
    {"postrider_smtp_messages_refused_total", "", "messages refused after DATA"},
    {"postrider_smtp_recipients_refused_total", "", "recipients refused at RCPT"},
    {"postrider_spool_commits_total", "", "group commits of the spool"},
    {"postrider_spool_commit_failures_total", "", "group commits that failed"},
    {"postrider_queue_messages_taken_in_total", "", "messages taken from the spool into the queue"},
    {"postrider_queue_messages_deferred_total", "", "messages that a first attempt did not finish"},
    {"postrider_queue_messages_corrupt_total", "", "messages quarantined as corrupt"},
    {"postrider_queue_recipients_delivered_total", "", "recipients delivered"},
    {"postrider_queue_recipients_bounced_total", "", "recipients refused for good"},
    {"postrider_queue_recipients_expired_total", "", "recipients given up after the lifetime"},
    {"postrider_queue_recipients_deleted_total", "", "recipients deleted by the operator"},
    {"postrider_queue_reports_total", "", "delivery status notifications sent"},
    {"postrider_queue_reports_dropped_total", "",
     "delivery status notifications of ours that failed and were dropped"},
    {"postrider_queue_double_bounces_total", "",
     "delivery status notifications of ours that failed and went to postmaster"},
    {"postrider_queue_storage_failures_total", "",
     "reads and writes of segments, contents and queue.db that failed"},
    {"postrider_queue_outages_total", "", "times that a destination was found unreachable"},
    {"postrider_delivery_attempts_local_total", "", "local delivery attempts, of recipients"},
    {"postrider_delivery_attempts_remote_total", "", "remote delivery attempts, of messages"},
    {"postrider_delivery_outcomes_total", R"(kind="local",outcome="delivered")",
     "what an attempt came to for a recipient"},
    {"postrider_delivery_outcomes_total", R"(kind="local",outcome="deferred")", ""},
    {"postrider_delivery_outcomes_total", R"(kind="local",outcome="failed")", ""},
    {"postrider_delivery_outcomes_total", R"(kind="local",outcome="corrupt")", ""},
    {"postrider_delivery_outcomes_total", R"(kind="remote",outcome="delivered")", ""},
    {"postrider_delivery_outcomes_total", R"(kind="remote",outcome="deferred")", ""},
    {"postrider_delivery_outcomes_total", R"(kind="remote",outcome="failed")", ""},
    {"postrider_delivery_outcomes_total", R"(kind="remote",outcome="corrupt")", ""},
    {"postrider_delivery_connections_remote_total", "", "connections opened to other servers"},
    {"postrider_delivery_sessions_total", R"(version="none")",
     "sessions with other servers, by the version of TLS"},
    {"postrider_delivery_sessions_total", R"(version="1.2")", ""},
    {"postrider_delivery_sessions_total", R"(version="1.3")", ""},
    {"postrider_delivery_postponed_total", "", "jobs sent back to wait, as a server bears no more"},
    {"postrider_pop3_connections_total", "", "POP3 connections accepted"},
    {"postrider_pop3_connections_refused_total", "",
     "POP3 connections refused for a limit or a ban"},
    {"postrider_pop3_logins_total", "", "POP3 logins"},
    {"postrider_pop3_logins_refused_total", "", "POP3 logins refused"},
    {"postrider_pop3_messages_retrieved_total", "", "messages fetched by RETR"},
    {"postrider_pop3_messages_deleted_total", "", "messages deleted at QUIT"},
    {"postrider_pop3_tls_sessions_total", "", "POP3 connections that went on under TLS"},
    {"postrider_pop3_tls_sessions_resumed_total", "",
     "POP3 connections under TLS that resumed a session"},
    {"postrider_pop3_tls_failures_total", "", "POP3 connections whose handshake failed"},
    {"postrider_tls_sessions_total", R"(service="pop3",version="1.2")", ""},
    {"postrider_tls_sessions_total", R"(service="pop3",version="1.3")", ""},
}};

constexpr std::array<MetricText, kGauges> kGaugeTexts{{
    {"postrider_connections", "", "connections that are open now", Spread::by_process},
    {"postrider_connections_tls", "", "of these, those under TLS", Spread::by_process},
    {"postrider_delivery_jobs", "", "jobs of queued that a deliverd has in hand now",
     Spread::by_process},
    {"postrider_queue_destinations_down", "", "destinations that cannot be reached now"},
    {"postrider_certificate_expiry_timestamp_seconds", "",
     "when the first of the certificates that are served expires, in seconds since 1970",
     Spread::by_process},
}};

struct DurationRow {
  MetricText text;
  const Scale& scale;
};

// Of what a machine does by itself.
constexpr Scale kFast{100us, 250us, 500us, 1ms,   2500us, 5ms, 10ms, 25ms,
                      50ms,  100ms, 250ms, 500ms, 1s,     2s,  5s,   10s};
// Of what waits for others.
constexpr Scale kSlow{1ms, 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms,
                      1s,  2s,  5s,   10s,  30s,  60s,   120s,  300s};
// Of what may wait in the queue.
constexpr Scale kLong{10ms, 50ms, 100ms, 500ms, 1s, 5s,  10s, 30s,
                      1min, 5min, 15min, 1h,    4h, 12h, 24h, 120h};

constexpr std::array<DurationRow, kDurations> kDurationRows{{
    {{"postrider_smtp_commit_seconds", "", "from the end of a message's data until it was durable"},
     kFast},
    {{"postrider_spool_write_seconds", "", "a group commit: one write and one sync",
      Spread::by_process},
     kFast},
    {{"postrider_queue_delivery_seconds", "",
      "from the acceptance of a message to its delivery, "
      "for each recipient"},
     kLong},
    {{"postrider_delivery_attempt_seconds", R"(kind="local")",
      "an attempt, of a message for one next hop"},
     kSlow},
    {{"postrider_delivery_attempt_seconds", R"(kind="remote")", ""}, kSlow},
    {{"postrider_pop3_login_seconds", "", "from a right password until the mailbox was open"},
     kFast},
    {{"postrider_pop3_session_seconds", "", "POP3 connections, from the first octet to the last"},
     kSlow},
    {{"postrider_password_check_seconds", "", "the check of a password, with its wait for a thread",
      Spread::by_process},
     kFast},
    {{"postrider_loop_turn_seconds", "",
      "a turn of a worker's event loop: what a session waits "
      "for others",
      Spread::by_process},
     kFast},
}};

// As common/checks names them; a test holds both together.
constexpr std::array<std::string_view, kCheckNames> kCheckNamesTable{
    "local_user",
    "early_talker",
    "reverse_dns",
    "helo_own_name",
    "helo_literal",
    "helo_name",
    "sender_domain",
    "sender_is_ours",
    "sender_right",
    "recipient",
    "recipient_domain",
    "mailbox_size",
    "quota",
    "pipelining",
    "null_sender",
    "header_limit",
    "loop",
    "submitted_header",
    "header_syntax",
    "header_repeated",
    "header_missing",
    "author_right",
    "other",
};

// FNV-1a.
constexpr std::uint64_t mixed(std::uint64_t hash, std::string_view text) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return (hash ^ 0xff) * 0x100000001b3;
}

constexpr std::uint64_t mixed(std::uint64_t hash, const MetricText& text) {
  return mixed(mixed(hash, text.name), text.labels);
}

constexpr std::uint64_t kFingerprint = [] {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const MetricText& text : kCounterTexts) hash = mixed(hash, text);
  for (const MetricText& text : kGaugeTexts) hash = mixed(hash, text);
  for (const DurationRow& row : kDurationRows) {
    hash = mixed(hash, row.text);
    for (const auto bound : row.scale)
      hash = (hash ^ static_cast<std::uint64_t>(bound.count())) * 0x100000001b3;
  }
  for (const std::string_view name : kCheckNamesTable) hash = mixed(hash, name);
  return hash;
}();

}  // namespace

const MetricText kFindingText{"postrider_checks_findings_total", "",
                              "what checks found, by check and by what followed"};

const MetricText& text_of(Counter counter) noexcept {
  return kCounterTexts[static_cast<std::size_t>(counter)];
}

const MetricText& text_of(Gauge gauge) noexcept {
  return kGaugeTexts[static_cast<std::size_t>(gauge)];
}

const MetricText& text_of(Duration duration) noexcept {
  return kDurationRows[static_cast<std::size_t>(duration)].text;
}

const Scale& scale_of(Duration duration) noexcept {
  return kDurationRows[static_cast<std::size_t>(duration)].scale;
}

std::span<const std::string_view> check_names() noexcept { return kCheckNamesTable; }

std::size_t finding_index(std::string_view check, std::string_view action) noexcept {
  const auto place = [](const auto& names, std::string_view name) {
    const auto it = std::find(names.begin(), names.end(), name);
    return static_cast<std::size_t>((it == names.end() ? it - 1 : it) - names.begin());
  };
  return place(kCheckNamesTable, check) * kFindingActions.size() + place(kFindingActions, action);
}

std::uint64_t fingerprint() noexcept { return kFingerprint; }

}  // namespace postrider::metrics

#include "common/metrics/counters.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "common/base/check.h"
#include "common/base/fd.h"
#include "common/base/handle.h"

namespace postrider::metrics {

namespace {

constexpr std::string_view kSuffix = ".counters";
constexpr std::size_t kFileSize = kCounters * sizeof(std::uint64_t);

constexpr std::array<CounterText, kCounters> kTexts{{
    {"postrider_authentications_total", "users whose password was right"},
    {"postrider_authentication_failures_total", "wrong passwords and unknown users"},
    {"postrider_smtp_connections_total", "SMTP connections accepted"},
    {"postrider_smtp_connections_refused_total", "SMTP connections refused for a limit"},
    {"postrider_smtp_connections_slow_total", "SMTP connections ended as they did not get on"},
    {"postrider_smtp_tls_sessions_total", "SMTP connections that went on under TLS"},
    {"postrider_smtp_tls_sessions_resumed_total", "of them, those that resumed a session"},
    {"postrider_smtp_tls_failures_total", "SMTP connections whose handshake failed"},
    {"postrider_smtp_messages_accepted_total", "messages made durable and acknowledged"},
    {"postrider_smtp_messages_tagged_total", "of them, those in which checks found something"},
    {"postrider_smtp_messages_refused_total", "messages refused after DATA"},
    {"postrider_smtp_recipients_refused_total", "recipients refused at RCPT"},
    {"postrider_spool_commits_total", "group commits of the spool"},
    {"postrider_spool_commit_failures_total", "group commits that failed"},
    {"postrider_queue_messages_taken_in_total", "messages taken from the spool into the queue"},
    {"postrider_queue_messages_deferred_total", "messages that a first attempt did not finish"},
    {"postrider_queue_messages_corrupt_total", "messages quarantined as corrupt"},
    {"postrider_queue_recipients_delivered_total", "recipients delivered"},
    {"postrider_queue_recipients_bounced_total", "recipients refused for good"},
    {"postrider_queue_recipients_expired_total", "recipients given up after the lifetime"},
    {"postrider_queue_recipients_deleted_total", "recipients deleted by the operator"},
    {"postrider_queue_reports_total", "delivery status notifications sent"},
    {"postrider_queue_reports_dropped_total",
     "delivery status notifications of ours that failed and were dropped"},
    {"postrider_queue_double_bounces_total",
     "delivery status notifications of ours that failed and went to postmaster"},
    {"postrider_queue_storage_failures_total",
     "reads and writes of segments, contents and queue.db that failed"},
    {"postrider_queue_outages_total", "times that a destination was found unreachable"},
    {"postrider_delivery_attempts_local_total", "local delivery attempts"},
    {"postrider_delivery_attempts_remote_total", "remote delivery attempts"},
    {"postrider_delivery_connections_remote_total", "connections opened to other servers"},
    {"postrider_delivery_postponed_total", "jobs sent back to wait, as a server bears no more"},
    {"postrider_pop3_connections_total", "POP3 connections accepted"},
    {"postrider_pop3_logins_total", "POP3 logins"},
    {"postrider_pop3_logins_refused_total", "POP3 logins refused"},
    {"postrider_pop3_messages_retrieved_total", "messages fetched by RETR"},
    {"postrider_pop3_messages_deleted_total", "messages deleted at QUIT"},
    {"postrider_pop3_tls_sessions_total", "POP3 connections that went on under TLS"},
    {"postrider_pop3_tls_sessions_resumed_total", "of them, those that resumed a session"},
    {"postrider_pop3_tls_failures_total", "POP3 connections whose handshake failed"},
}};
static_assert(static_cast<std::size_t>(Counter::pop3_tls_failures) + 1 == kCounters);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace

const CounterText& text_of(Counter counter) noexcept {
  return kTexts[static_cast<std::size_t>(counter)];
}

Counters::Counters()
    : slots_(new std::atomic<std::uint64_t>[kCounters](), std::default_delete<Slots[]>()) {}

Result<Counters> Counters::open(const std::string& directory, std::string_view process,
                                unsigned worker) {
  const std::string path = fmt::format("{}/{}.{}{}", directory, process, worker, kSuffix);
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd || ::ftruncate(fd.get(), kFileSize) != 0) return fail_errno(path, errno);
  // To write where a full file system has no room for it would be a SIGBUS.
  if (const int error = ::posix_fallocate(fd.get(), 0, kFileSize); error != 0)
    return fail_errno(path, error);
  void* memory = ::mmap(nullptr, kFileSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail_errno(path, errno);
  return Counters(std::shared_ptr<Slots>(static_cast<Slots*>(memory),
                                         [](Slots* slots) { ::munmap(slots, kFileSize); }));
}

std::array<std::uint64_t, kCounters> read_all(const std::string& directory) {
  std::array<std::uint64_t, kCounters> sums{};
  const Handle<DIR, &::closedir> entries(::opendir(directory.c_str()));
  if (!entries) return sums;
  while (const dirent* entry = ::readdir(entries.get())) {
    if (!std::string_view(entry->d_name).ends_with(kSuffix)) continue;
    const Fd fd(::openat(::dirfd(entries.get()), entry->d_name, O_RDONLY | O_CLOEXEC));
    std::array<std::uint64_t, kCounters> values{};
    if (!fd || ::read(fd.get(), values.data(), kFileSize) != ssize_t{kFileSize}) continue;
    for (std::size_t i = 0; i < kCounters; ++i) sums[i] += values[i];
  }
  return sums;
}

}  // namespace postrider::metrics

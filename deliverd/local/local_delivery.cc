#include "deliverd/local/local_delivery.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "common/maildir/file_name.h"
#include "deliverd/outcomes.h"

namespace postrider::deliverd {

namespace {

Fd open_directory(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw std::system_error(errno, std::generic_category(), path);
  return fd;
}

std::size_t delivered(const ipc::JobResult& result) {
  std::size_t n = 0;
  for (const ipc::RecipientResult& recipient : result.recipients())
    if (recipient.outcome() == ipc::DELIVERED) ++n;
  return n;
}

std::string_view name_of(ipc::Outcome outcome) {
  switch (outcome) {
    case ipc::DELIVERED: return "delivered";
    case ipc::FAILED: return "failed";
    case ipc::CORRUPT: return "corrupt";
    default: return "deferred";
  }
}

// A file that may not survive a power cut was not delivered yet: the next attempt writes it anew.
void defer_delivered(ipc::JobResult& result, int error) {
  for (ipc::RecipientResult& recipient : *result.mutable_recipients()) {
    if (recipient.outcome() != ipc::DELIVERED) continue;
    recipient.set_outcome(ipc::DEFERRED);
    recipient.set_status("4.3.0");
    recipient.set_reply(fmt::format("syncing: {}", std::generic_category().message(error)));
  }
}

}  // namespace

LocalDelivery::LocalDelivery(event::EventLoop& loop, Options options, quota::Rooms& rooms,
                             const Clock& clock, log::Logger& log, metrics::Counters& counters)
    : loop_(loop),
      options_(std::move(options)),
      clock_(clock),
      log_(log),
      counters_(counters),
      mail_directory_(open_directory(options_.mail_directory)),
      warnings_{.percentages = options_.warn,
                .hostname = options_.hostname,
                .host = maildir::host_label(options_.hostname)},
      store_{.directory = mail_directory_.get(),
             .host = maildir::host_label(options_.hostname),
             .sync = options_.sync == config::SyncMode::each ? maildir::Sync::file
                                                             : maildir::Sync::none,
             .over_quota = options_.over_quota,
             .rooms = &rooms,
             .clock = &clock_,
             .warnings = &warnings_},
      interval_(loop,
                [this] {
                  interval_over_ = true;
                  sync_if_due();
                }),
      sync_thread_(loop, 1),
      threads_(loop, options_.threads),
      recount_(loop, threads_, rooms, mail_directory_.get(), clock, log_) {}

LocalDelivery::~LocalDelivery() = default;

void LocalDelivery::deliver(const ipc::Job& job, int source_fd, Done done) {
  const std::uint64_t ticket = ++last_ticket_;
  Running& running = running_[ticket];
  running.message_id = job.message_id();
  running.arrival_us = job.arrival_us();
  running.begun = loop_.now();
  running.done = std::move(done);
  running.attempt = threads_.run(
      [job, source_fd, this] { return attempt_local(job, source_fd, store_); },
      [this, ticket](ipc::JobResult result) { on_attempted(ticket, std::move(result)); });
}

void LocalDelivery::on_attempted(std::uint64_t ticket, ipc::JobResult result) {
  const auto node = running_.extract(ticket);
  Running& job = node.mapped();
  if (job.sync_error != 0) defer_delivered(result, job.sync_error);
  note(job, result);
  const std::size_t files = delivered(result);
  if (files == 0 || options_.sync == config::SyncMode::each) return job.done(std::move(result));
  written_.push_back({std::move(result), std::move(job.done)});
  files_written_ += files;
  sync_if_due();
}

// Where a message was stored is told to the log alone.
void LocalDelivery::note(const Running& job, ipc::JobResult& result) {
  const auto now_us = clock_.now().time_since_epoch().count();
  const std::chrono::microseconds lasted = loop_.now() - job.begun;
  counters_.observe(metrics::Duration::local_attempt, lasted);
  note_outcomes(counters_, kLocalOutcomes, result);
  counters_.add(metrics::Counter::delivery_attempts_local,
                static_cast<std::uint64_t>(result.recipients_size()));
  const auto took = std::chrono::ceil<std::chrono::milliseconds>(lasted);
  for (ipc::RecipientResult& recipient : *result.mutable_recipients()) {
    const bool expected =
        recipient.outcome() == ipc::DELIVERED || recipient.outcome() == ipc::FAILED;
    auto entry = expected ? log_.info("local_delivery") : log_.warning("local_delivery");
    entry.id(job.message_id)
        .with("outcome", name_of(recipient.outcome()))
        .with("status", recipient.status())
        .with("reply", recipient.reply())
        .with("delay_ms", (now_us - job.arrival_us) / 1000)
        .with("took_ms", took.count());
    if (!recipient.file().empty()) entry.with("file", recipient.file());
    if (!recipient.detail().empty()) entry.with("detail", recipient.detail());
    recipient.clear_file();
  }
}

// One sync at a time; what is written meanwhile waits for the next.
void LocalDelivery::sync_if_due() {
  if (written_.empty() || sync_under_way_) return;
  if (!interval_over_ && files_written_ < options_.files_per_sync) {
    if (!interval_.armed()) interval_.arm(options_.sync_interval);
    return;
  }
  interval_.disarm();
  interval_over_ = false;
  files_written_ = 0;
  syncing_.swap(written_);
  const int directory = mail_directory_.get();
  sync_under_way_ = sync_thread_.run([directory] { return ::syncfs(directory) == 0 ? 0 : errno; },
                                     [this](int error) { on_synced(error); });
}

// A sync that failed may have dropped whatever was unwritten on the file system, also of files that
// were to wait for the next one, and the next one would call them durable.
void LocalDelivery::on_synced(int error) {
  sync_under_way_.reset();
  if (error != 0) {
    log_.error("mail_not_synced").with("reason", std::generic_category().message(error));
    std::move(written_.begin(), written_.end(), std::back_inserter(syncing_));
    written_.clear();
    files_written_ = 0;
    for (auto& [ticket, job] : running_) job.sync_error = error;
  }
  for (Report& report : std::exchange(syncing_, {})) {
    if (error != 0) defer_delivered(report.result, error);
    report.done(std::move(report.result));
  }
  sync_if_due();
}

}  // namespace postrider::deliverd

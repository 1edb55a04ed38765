// local_delivery.h - what deliverd@local does with a job: its message into the Maildirs of its
// recipients.
//
// Files are written and renamed on a few threads at the speed of memory; nothing is reported until
// it is on the disk. In SyncMode::batch one syncfs() of the mail file system covers all that
// gathered in sync_interval or files_per_sync files; in SyncMode::each every file and its directory
// is synced on its own. A crash before the report makes queued repeat the job, and the repeated
// delivery finds its own earlier file (see common/maildir/delivery.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/ipc/messages.pb.h"
#include "common/log/log.h"
#include "common/metrics/counters.h"
#include "deliverd/delivery.h"
#include "deliverd/local/local_attempt.h"
#include "deliverd/local/recount.h"

namespace postrider::deliverd {

class LocalDelivery final : public Delivery {
 public:
  struct Options {
    std::string mail_directory;  // exists; all mailboxes are on its file system
    std::string hostname;        // stands in file names
    config::SyncMode sync = config::SyncMode::batch;
    ipc::Outcome over_quota = ipc::DEFERRED;
    std::vector<std::uint64_t> warn = {};  // percentages of a quota at which its user is told
    std::chrono::milliseconds sync_interval{500};
    // Fewer than the jobs that queued gives at once (Hello.credit): else all of them wait for
    // sync_interval.
    std::size_t files_per_sync = 512;
    unsigned threads = 4;
  };

  // All references outlive the LocalDelivery. Throws std::system_error when mail_directory cannot
  // be opened.
  LocalDelivery(event::EventLoop& loop, Options options, quota::Rooms& rooms, const Clock& clock,
                log::Logger& log, metrics::Counters& counters);
  // Waits for the files being written. What was not reported is never reported.
  ~LocalDelivery() override;

  // Delivers `job` (next_hop "local"), whose content is in `source_fd`, and calls `done` once, from
  // the loop, never from inside this function, with a result for each recipient. `source_fd` stays
  // open until then. Memory: a few buffers a thread, whatever the size of the message.
  void deliver(const ipc::Job& job, int source_fd, Done done) override;

  // Jobs taken and not yet reported.
  std::size_t in_progress() const noexcept {
    return running_.size() + written_.size() + syncing_.size();
  }

 private:
  struct Report {
    ipc::JobResult result;
    Done done;
  };
  struct Running {
    std::string message_id;
    std::int64_t arrival_us = 0;
    std::chrono::microseconds begun{0};  // EventLoop::now()
    Done done;
    PendingPtr attempt;
    int sync_error = 0;  // of a sync that failed since it began
  };

  void on_attempted(std::uint64_t ticket, ipc::JobResult result);
  void note(const Running& job, ipc::JobResult& result);
  void sync_if_due();
  void on_synced(int error);

  event::EventLoop& loop_;
  const Options options_;
  const Clock& clock_;
  log::Logger& log_;
  metrics::Counters& counters_;
  const Fd mail_directory_;
  const Warnings warnings_;
  const MailStore store_;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, Running> running_;
  std::vector<Report> written_;    // wait for a sync to begin
  std::vector<Report> syncing_;    // wait for the sync under way
  std::size_t files_written_ = 0;  // those of written_
  bool interval_over_ = false;
  event::Timer interval_;
  PendingPtr sync_under_way_;
  event::WorkerPool sync_thread_;  // of its own: a sync does not queue behind deliveries
  event::WorkerPool threads_;
  Recount recount_;
};

}  // namespace postrider::deliverd

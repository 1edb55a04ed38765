#include "queued/service.h"

#include <poll.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "common/base/directory.h"
#include "common/base/random.h"
#include "common/config/daemon.h"
#include "common/directory/sqlite_directory.h"
#include "common/event/prefork.h"
#include "common/event/worker_pool.h"
#include "common/sandbox/sandbox.h"
#include "common/spool/writer.h"
#include "common/trace/recording.h"
#include "queued/confinement.h"
#include "queued/promoted.h"
#include "queued/report_writer.h"
#include "queued/rescue.h"
#include "queued/server.h"
#include "queued/trash.h"

namespace postrider::queued {

namespace {

// The number of queued's own writer, for message ids: smtpd's workers count from 0.
constexpr unsigned kWriterNumber = MessageId::kWriters - 1;
// How often segments are looked for that nobody told of, and the trash is swept.
constexpr std::chrono::seconds kScanInterval{10};
// The timer for the next wakeup is not set shorter: work that is due gathers meanwhile.
constexpr std::chrono::milliseconds kShortestWait{10};
// How long the end waits for jobs that are under way, less than the parent's grace; how often it
// looks.
constexpr std::chrono::seconds kDrainTime = event::Prefork::kGrace - std::chrono::seconds{2};
constexpr std::chrono::milliseconds kDrainPause{20};
// How long a queued that is leaving may take to give its lock back.
constexpr int kLockTries = 300;
constexpr int kLockPauseMs = 100;

// One queued for a spool: two would deliver everything twice.
Result<Fd> lock_spool(spool::Disk& disk, const spool::Paths& paths) {
  const std::string path = paths.queued_lock();
  auto fd = disk.open(path, spool::Disk::Mode::append);
  if (!fd) return fd;
  for (int i = 0; i < kLockTries; ++i) {
    auto locked = disk.lock(fd->get());
    if (!locked) return pass_on(std::move(locked.error()));
    if (*locked) return fd;
    ::poll(nullptr, 0, kLockPauseMs);
  }
  return fail(ErrorKind::temporary, path + ": another queued works on this spool");
}

int give_up(log::Logger& log, const Error& error) {
  log.error("not_started").with("reason", error.text);
  return EXIT_FAILURE;
}

class Service {
 public:
  struct Durable {
    std::unique_ptr<Store> store;
    std::unique_ptr<StoreReader> reader;
    Promoted promoted;
    std::vector<Pause> pauses;
    Fd lock;
  };

  Service(const config::Settings& settings, Durable durable, Fd& listening, log::Logger& log,
          metrics::Counters counters, const Clock& clock)
      : listening_(listening),
        clock_(clock),
        counters_(std::move(counters)),
        recording_(log, settings, "queued", 0, clock),
        paths_{settings.paths.spool},
        lock_(std::move(durable.lock)),
        directory_(loop_, clock, settings.paths.data + "/directory.db", settings.hostname),
        return_paths_(loop_, directory_, settings, clock),
        router_(settings, return_paths_),
        store_(loop_, std::move(durable.store), std::move(durable.reader)),
        promoted_(std::move(durable.promoted)),
        intake_(spool::system_disk(), paths_, clock, log, counters_,
                [this](const MessageId& id) { return is_promoted(id); }),
        writer_(loop_, spool::system_disk(), writer_options(settings), clock, random_, log,
                counters_,
                [this](const spool::SegmentProgress& progress) {
                  intake_.on_progress(progress);
                  queue_.wake_later();
                }),
        reports_(loop_, spool::system_disk(), writer_, settings, clock, log),
        queue_({loop_, settings, spool::system_disk(), clock, random_, log, counters_, router_,
                intake_, store_, reports_, &return_paths_}),
        trash_(queue_, store_, settings, clock, steady_, log),
        dispatcher_(loop_, queue_),
        server_({loop_, queue_, intake_, store_, dispatcher_, settings, clock, log},
                listening.get()),
        wakeup_(loop_, [this] { queue_.wake_later(); }),
        scan_(loop_, [this] { scan(); }),
        drained_(loop_, [this] { stop_when_drained(); }),
        terminate_(loop_, SIGTERM, [this] { drain(); }) {
    for (const Pause& pause : durable.pauses) queue_.pause(pause);
    store_.set_on_damaged([this, &log] { start_anew(log); });
    log.set_buffered(true);
    loop_.set_after_turn([this] {
      intake_.flush();
      arm_wakeup();
      recording_.end_turn();
      counters_.observe(metrics::Duration::loop_turn, loop_.turn_time());
    });
    scan();
  }

  void run(event::Pulse pulse) {
    const event::Heartbeat heartbeat(loop_, std::move(pulse));
    loop_.run();
  }

 private:
  static spool::Writer::Options writer_options(const config::Settings& settings) {
    return {.directory = settings.paths.spool,
            .name = "queued",
            .number = kWriterNumber,
            .segment_size = settings.spool.segment_size,
            .segment_age = settings.spool.segment_age,
            // A report is bounded: it needs no file of its own, whose name a crash may have left.
            .large_message = spool::kMaxContent,
            .min_free = 0};  // a report takes less than the message that it ends
  }

  Result<bool> is_promoted(const MessageId& id) {
    auto promoted = promoted_.contains(id);
    if (promoted_.damaged()) store_.note_damage();
    return promoted;
  }

  void scan() {
    intake_.scan();
    dispatcher_.sweep();
    trash_.sweep();
    queue_.wake_later();
    counters_.set(metrics::Gauge::destinations_down,
                  static_cast<std::int64_t>(queue_.outages().size()));
    scan_.arm(kScanInterval);
  }

  // The next start sets queue.db aside; the parent makes one when this worker has ended.
  void start_anew(log::Logger& log) {
    const auto marked = mark_damaged(spool::system_disk(), paths_);
    log.error("queue_db_damaged")
        .with("file", paths_.queue_db())
        .with("effect", marked ? "queued starts anew and keeps the file in quarantine/"
                               : marked.error().text);
    drain();
  }

  // What deliverd has done already must be known before we leave, or it is done again.
  void drain() {
    dispatcher_.stop();
    // If the parent is gone, its successor can listen while we finish.
    server_.stop_listening();
    listening_.reset();
    drain_until_ = loop_.now() + kDrainTime;
    stop_when_drained();
  }

  void stop_when_drained() {
    const bool drained = queue_.under_way() == 0 && store_.idle();
    if (drained || loop_.now() >= drain_until_) return loop_.stop();
    drained_.arm(kDrainPause);
  }

  // Never later than it is armed for: a loop that is busy would put it off for ever.
  void arm_wakeup() {
    const WallTime now = clock_.now();
    const WallTime next = std::max(queue_.next_wakeup(), now + kShortestWait);
    if (wakeup_.armed() && next >= wakeup_at_) return;
    wakeup_at_ = next;
    wakeup_.arm(next - now);
  }

  Fd& listening_;
  const Clock& clock_;
  const SteadyClock steady_;
  SystemRandom random_;
  metrics::Counters counters_;
  trace::Recording recording_;
  const spool::Paths paths_;
  Fd lock_;
  event::EventLoop loop_;
  directory::SqliteDirectory directory_;
  routing::ReturnPaths return_paths_;
  routing::Router router_;
  StoreThread store_;
  Promoted promoted_;  // a reader: gone before the store, whose end empties the database's log
  Intake intake_;
  spool::Writer writer_;
  ReportWriter reports_;
  Queue queue_;
  Trash trash_;
  Dispatcher dispatcher_;
  Server server_;
  event::Timer wakeup_;
  WallTime wakeup_at_;
  event::Timer scan_;
  event::Timer drained_;
  std::chrono::microseconds drain_until_{0};
  event::Signal terminate_;
};

Result<Service::Durable> open_durable(const spool::Paths& paths, log::Logger& log,
                                      const Clock& clock) {
  spool::Disk& disk = spool::system_disk();
  auto lock = lock_spool(disk, paths);
  if (!lock) return pass_on(std::move(lock.error()));
  auto store = open_store(disk, paths, log, clock.now());
  if (!store) return pass_on(std::move(store.error()));
  auto reader = StoreReader::open(disk, paths);
  if (!reader) return pass_on(std::move(reader.error()));
  auto promoted = Promoted::open(paths);
  if (!promoted) return pass_on(std::move(promoted.error()));
  auto pauses = (*reader)->pauses();
  if (!pauses) return pass_on(std::move(pauses.error()));
  log.info("started").with("spool", paths.root);
  return Service::Durable{std::move(*store), std::move(*reader), std::move(*promoted),
                          std::move(*pauses), std::move(*lock)};
}

}  // namespace

Result<void> prepare_spool(const config::Settings& settings) {
  const spool::Paths paths{settings.paths.spool};
  for (const std::string& folder :
       {paths.root, paths.incoming(), paths.large(), paths.deferred(), paths.quarantine()})
    if (auto ready = require_writable_directory(folder); !ready) return ready;
  return {};
}

int serve(const config::Settings& settings, Fd& listening, event::Pulse pulse, log::Logger& log,
          const Clock& clock) {
  if (auto ready = prepare_spool(settings); !ready) return give_up(log, ready.error());
  SystemRandom random;
  if (auto ready = routing::ReturnPaths::ensure_key(settings, random); !ready)
    log.warning("srs_key_not_made")
        .with("reason", ready.error().text)
        .with("effect", "what aliases send to other hosts waits until there is one");
  // What SQLite sorts goes where this process may write.
  ::setenv("SQLITE_TMPDIR", settings.paths.spool.c_str(), 1);
  sandbox::Confinement may = confinement(settings);
  sandbox::add_writable(may, metrics::counters_folder(settings.paths.run));
  if (settings.trace.enabled == "on")
    sandbox::add_writable(may, trace::folder_of(settings.paths.data));
  if (auto confined = sandbox::confine(may, settings.security.sandbox); !confined)
    return give_up(log, confined.error());
  auto durable = open_durable({settings.paths.spool}, log, clock);
  if (!durable) return give_up(log, durable.error());
  auto counters = config::open_counters("queued", 0, settings, clock, log);
  Service service(settings, std::move(*durable), listening, log, std::move(counters), clock);
  service.run(std::move(pulse));
  return EXIT_SUCCESS;
}

}  // namespace postrider::queued

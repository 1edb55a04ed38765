#include "smtpd/worker.h"

#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/random.h"
#include "common/config/daemon.h"
#include "common/directory/schema.h"
#include "common/directory/sqlite_credentials.h"
#include "common/directory/sqlite_directory.h"
#include "common/event/prefork.h"
#include "common/event/worker_pool.h"
#include "common/limits/connections.h"
#include "common/net/caching_resolver.h"
#include "common/net/cares_resolver.h"
#include "common/net/certificate_watch.h"
#include "common/quota/open_rooms.h"
#include "common/routing/return_paths.h"
#include "common/sandbox/sandbox.h"
#include "common/spool/disk.h"
#include "common/trace/recording.h"
#include "smtpd/confinement.h"
#include "smtpd/queue_link.h"
#include "smtpd/server.h"

namespace postrider::smtpd {

namespace {

// Leaves the parent's grace time enough for the last commit.
constexpr std::chrono::seconds kDrainTime = event::Prefork::kGrace - std::chrono::seconds{2};
// Password hashes, the one thing that blocks besides the spool's own thread.
constexpr unsigned kPoolThreads = 1;
constexpr auto kService = directory::Service::smtp;

std::string directory_file(const config::Settings& settings) {
  return fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName);
}

spool::Writer::Options writer_options(const config::Settings& settings, unsigned number) {
  return {.directory = settings.paths.spool,
          .name = fmt::format("smtpd{}", number),
          .number = number,
          .segment_size = settings.spool.segment_size,
          .segment_age = settings.spool.segment_age,
          .large_message = settings.spool.large_message,
          .min_free = settings.spool.min_free};
}

// False: the log was told.
bool confine(const config::Settings& settings) {
  const SystemClock clock;
  log::Logger log = config::open_log("smtpd", settings, clock);
  sandbox::Confinement may = confinement(settings);
  sandbox::add_writable(may, auth::LoginTable::folder(settings.paths.data, kService));
  sandbox::add_writable(may, metrics::counters_folder(settings.paths.run));
  if (settings.trace.enabled == "on")
    sandbox::add_writable(may, trace::folder_of(settings.paths.data));
  const auto confined = sandbox::confine(may, settings.security.sandbox);
  if (!confined) log.error("not_started").with("reason", confined.error().text);
  return confined.has_value();
}

// The members in the order in which each needs those before it; they end in the other.
class Worker {
 public:
  Worker(const config::Settings& settings, Sockets& sockets, net::TlsServer* tls,
         directory::VerifiedPasswords& verified, unsigned number, event::Pulse pulse)
      : sockets_(sockets),
        log_(config::open_log("smtpd", settings, clock_)),
        recording_(log_, settings, "smtpd", number, clock_),
        counters_(config::open_counters("smtpd", number, settings, clock_, log_)),
        pool_(loop_, kPoolThreads),
        directory_(loop_, clock_, directory_file(settings), settings.hostname),
        resolver_(loop_, {settings.dns.servers, settings.dns.timeout,
                          static_cast<unsigned>(settings.dns.tries)}),
        dns_cache_(loop_, resolver_, {}),
        return_paths_(loop_, directory_, settings, clock_),
        rooms_(quota::open_rooms(settings.paths.run, log_)),
        policy_({loop_, return_paths_, directory_, dns_cache_, settings, log_, clock_, &rooms_}),
        tally_(limits::open_tally(settings.paths.run, "smtpd", log_)),
        bans_(auth::open_bans(settings.paths.run, log_)),
        logins_(loop_, clock_, log_, auth::LoginTable::path(settings.paths.data, kService)),
        credentials_(loop_, pool_, verified, clock_, directory_file(settings)),
        attempts_(
            bans_, settings.bans, clock_, log_, counters_,
            [this](std::string_view user) { return credentials_.account_of(user); }, &logins_),
        admission_(tally_, attempts_, clock_, settings),
        link_(loop_, settings.paths.run + "/queued.sock", number, log_),
        writer_(loop_, spool::system_disk(), writer_options(settings, number), clock_, random_,
                log_, counters_,
                [this](const spool::SegmentProgress& progress) { link_.announce(progress); }),
        session_ids_(clock_, number, static_cast<std::uint32_t>(random_.next())),
        services_{loop_,
                  clock_,
                  log_,
                  counters_,
                  policy_,
                  admission_,
                  credentials_,
                  attempts_,
                  writer_,
                  session_ids_,
                  settings,
                  tls,
                  net::parse_networks(settings.smtpd.xclient_networks)},
        server_(services_, sockets.listening()),
        drain_timer_(loop_, [this] { loop_.stop(); }),
        terminate_(loop_, SIGTERM, [this] { drain(); }),
        retire_(loop_, SIGUSR1, [this] { retire(); }),
        heartbeat_(loop_, std::move(pulse)) {
    credentials_.measure(counters_);
    if (tls != nullptr)
      certificates_.emplace(loop_, *tls, log_, number, [this](WallTime first) {
        counters_.set_time(metrics::Gauge::certificate_expiry, first);
      });
    log_.set_buffered(true);
    loop_.set_after_turn([this] {
      recording_.end_turn();
      counters_.observe(metrics::Duration::loop_turn, loop_.turn_time());
    });
  }

  void run() { loop_.run(); }

 private:
  void retire() {
    server_.retire([this] { loop_.stop(); });
    sockets_.close();
  }

  void drain() {
    drain_timer_.arm(kDrainTime);
    server_.drain([this] { loop_.stop(); });
    // If the parent is gone, its successor can listen while we finish.
    sockets_.close();
  }

  Sockets& sockets_;
  SystemClock clock_;
  SystemRandom random_;
  event::EventLoop loop_;
  log::Logger log_;
  trace::Recording recording_;
  metrics::Counters counters_;
  event::WorkerPool pool_;
  directory::SqliteDirectory directory_;
  net::CaresResolver resolver_;
  net::CachingResolver dns_cache_;
  routing::ReturnPaths return_paths_;
  quota::Rooms rooms_;
  checks::Policy policy_;
  limits::Tally tally_;
  limits::Bans bans_;
  auth::LoginJournal logins_;
  directory::SqliteCredentials credentials_;
  auth::Attempts attempts_;
  Admission admission_;
  QueueLink link_;
  spool::Writer writer_;
  MessageIdSource session_ids_;
  Services services_;
  Server server_;
  std::optional<net::CertificateWatch> certificates_;
  event::Timer drain_timer_;
  event::Signal terminate_;
  event::Signal retire_;
  event::Heartbeat heartbeat_;
};

}  // namespace

int run_worker(const config::Settings& settings, Sockets& sockets, net::TlsServer* tls,
               directory::VerifiedPasswords& verified, unsigned number, event::Pulse pulse) {
  if (!confine(settings)) return EXIT_FAILURE;
  Worker(settings, sockets, tls, verified, number, std::move(pulse)).run();
  return EXIT_SUCCESS;
}

}  // namespace postrider::smtpd

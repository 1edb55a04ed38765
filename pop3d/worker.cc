#include "pop3d/worker.h"

#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/directory.h"
#include "common/base/random.h"
#include "common/config/daemon.h"
#include "common/directory/schema.h"
#include "common/directory/sqlite_credentials.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/maildir/deletion_journal.h"
#include "common/metrics/counters.h"
#include "common/net/certificate_watch.h"
#include "common/sandbox/sandbox.h"
#include "pop3d/confinement.h"
#include "pop3d/server.h"
#include "pop3d/sweeper.h"

namespace postrider::pop3d {

namespace {

// Hashing takes a core each; reading mailboxes waits for the disk.
constexpr unsigned kPasswordThreads = 2;
constexpr unsigned kFileThreads = 4;
constexpr auto kService = directory::Service::pop3;

ServerOptions server_options(const config::Settings& settings) {
  const config::Settings::Pop3d& pop3d = settings.pop3d;
  return {.connection = {.mail_directory = settings.paths.mail,
                         .remembrance = maildir::remembrance(settings.queue.lifetime),
                         .trash = settings.mailbox.trash,
                         .timeout = pop3d.timeout,
                         .handshake_timeout = settings.tls.handshake_timeout,
                         .login_delay = pop3d.login_delay},
          .hostname = settings.hostname,
          .plaintext_auth = pop3d.plaintext_auth,
          .bad_command_limit = pop3d.bad_command_limit,
          .connection_limit = pop3d.connection_limit,
          .apop = pop3d.apop == "on",
          .retention = settings.mailbox.retention,
          .proxies = net::parse_networks(pop3d.proxy_networks),
          .proxy_timeout = pop3d.proxy_timeout};
}

SweeperOptions sweeper_options(const config::Settings& settings, maildir::Remembrance remembrance) {
  return {.mail_directory = settings.paths.mail,
          .remembrance = std::move(remembrance),
          .rules = {.retention = settings.mailbox.retention, .trash = settings.mailbox.trash},
          .interval = settings.mailbox.sweep_interval,
          .rate = settings.mailbox.sweep_rate};
}

limits::ConnectionLimits connection_limits(const config::Settings::Pop3d& pop3d) {
  return {.per_address = pop3d.connection_limit_per_address,
          .per_network = pop3d.connection_limit_per_network,
          .rate_per_address = pop3d.connection_rate_per_address,
          .rate_per_network = pop3d.connection_rate_per_network,
          .unlimited = net::parse_networks(pop3d.unlimited_networks)};
}

// False: the log was told.
bool confine(const config::Settings& settings, log::Logger& log) {
  sandbox::Confinement may = confinement(settings);
  // deliverd, which makes it otherwise, may begin later.
  static_cast<void>(require_writable_directory(settings.paths.mail));
  sandbox::add_writable(may, auth::LoginTable::folder(settings.paths.data, kService));
  sandbox::add_writable(may, metrics::counters_folder(settings.paths.run));
  const auto confined = sandbox::confine(may, settings.security.sandbox);
  if (!confined) log.error("not_started").with("reason", confined.error().text);
  return confined.has_value();
}

}  // namespace

int run_worker(const config::Settings& settings, std::vector<Socket>& sockets, net::TlsServer* tls,
               directory::VerifiedPasswords& verified, unsigned number, event::Pulse pulse,
               const Clock& clock, log::Logger& log) {
  if (!confine(settings, log)) return EXIT_FAILURE;
  std::vector<ListeningSocket> listening;
  for (const Socket& socket : sockets) listening.push_back({socket.fd.get(), socket.listener});
  event::EventLoop loop;
  metrics::Counters counters = config::open_counters("pop3d", number, settings, clock, log);
  event::WorkerPool passwords(loop, kPasswordThreads);
  event::WorkerPool files(loop, kFileThreads);
  directory::SqliteCredentials credentials(
      loop, passwords, verified, clock,
      fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName));
  credentials.measure(counters);
  limits::Bans bans = auth::open_bans(settings.paths.run, log);
  auth::LoginJournal logins(loop, clock, log,
                            auth::LoginTable::path(settings.paths.data, kService));
  auth::Attempts attempts(
      bans, settings.bans, clock, log, counters,
      [&](std::string_view user) { return credentials.account_of(user); }, &logins);
  const quota::FullMarks full_marks(settings.paths.run);
  const Services services{.loop = loop,
                          .credentials = credentials,
                          .attempts = attempts,
                          .files = files,
                          .clock = clock,
                          .log = log,
                          .counters = counters,
                          .full_marks = full_marks,
                          .tls = tls};
  limits::Tally tally = limits::open_tally(settings.paths.run, "pop3d", log);
  limits::Connections clients(tally, clock, connection_limits(settings.pop3d));
  SystemRandom random;
  const ServerOptions options = server_options(settings);
  Server server(services, clients, random, options, listening);
  std::optional<net::CertificateWatch> certificates;
  if (tls != nullptr)
    certificates.emplace(loop, *tls, log, number, [&](WallTime first) {
      counters.set_time(metrics::Gauge::certificate_expiry, first);
    });

  std::optional<Sweeper> sweeper;
  if (number == 0 && settings.mailbox.sweep_interval.count() > 0)
    sweeper.emplace(loop, credentials, clock, log, full_marks,
                    sweeper_options(settings, options.connection.remembrance));

  const event::Signal terminate(loop, SIGTERM, [&] {
    if (sweeper) sweeper->stop();
    server.stop([&] { loop.stop(); });
    // If the parent is gone, its successor can listen while we finish.
    sockets.clear();
  });
  const event::Signal retire(loop, SIGUSR1, [&] {
    if (sweeper) sweeper->stop();
    server.retire([&] { loop.stop(); });
    sockets.clear();
  });
  const event::Heartbeat heartbeat(loop, std::move(pulse));
  log.set_buffered(true);
  loop.set_after_turn([&] {
    log.flush();
    counters.observe(metrics::Duration::loop_turn, loop.turn_time());
  });
  loop.run();
  log.set_buffered(false);
  return EXIT_SUCCESS;
}

}  // namespace postrider::pop3d

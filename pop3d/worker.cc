#include "pop3d/worker.h"

#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "common/directory/schema.h"
#include "common/directory/sqlite_credentials.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/metrics/counters.h"
#include "pop3d/server.h"

namespace postrider::pop3d {

namespace {

// Hashing takes a core each; reading mailboxes waits for the disk.
constexpr unsigned kPasswordThreads = 2;
constexpr unsigned kFileThreads = 4;

metrics::Counters open_counters(const config::Settings& settings, unsigned number,
                                log::Logger& log) {
  auto counters = metrics::Counters::open(settings.paths.run, "pop3d", number);
  if (counters) return std::move(*counters);
  log.warning("not_counted").with("reason", counters.error().text);
  return {};
}

ServerOptions server_options(const config::Settings& settings) {
  return {.connection = {.mail_directory = settings.paths.mail, .timeout = settings.pop3d.timeout},
          .hostname = settings.hostname,
          .plaintext_auth = settings.pop3d.plaintext_auth,
          .bad_command_limit = settings.pop3d.bad_command_limit,
          .connection_limit = settings.pop3d.connection_limit};
}

limits::ConnectionLimits connection_limits(const config::Settings::Pop3d& pop3d) {
  return {.per_address = pop3d.connection_limit_per_address,
          .per_network = pop3d.connection_limit_per_network,
          .rate_per_address = pop3d.connection_rate_per_address,
          .rate_per_network = pop3d.connection_rate_per_network,
          .unlimited = net::parse_networks(pop3d.unlimited_networks)};
}

}  // namespace

int run_worker(const config::Settings& settings, std::vector<Fd>& sockets,
               directory::VerifiedPasswords& verified, unsigned number, const Clock& clock,
               log::Logger& log) {
  std::vector<int> listening;
  for (const Fd& socket : sockets) listening.push_back(socket.get());
  event::EventLoop loop;
  metrics::Counters counters = open_counters(settings, number, log);
  event::WorkerPool passwords(loop, kPasswordThreads);
  event::WorkerPool files(loop, kFileThreads);
  directory::SqliteCredentials credentials(
      loop, passwords, verified, clock,
      fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName));
  limits::Bans bans = auth::open_bans(settings.paths.run, log);
  auth::Attempts attempts(bans, settings.bans, clock, log, counters);
  const quota::FullMarks full_marks(settings.paths.run);
  const Services services{.loop = loop,
                          .credentials = credentials,
                          .attempts = attempts,
                          .files = files,
                          .clock = clock,
                          .log = log,
                          .counters = counters,
                          .full_marks = full_marks};
  limits::Tally tally = limits::open_tally(settings.paths.run, "pop3d", log);
  limits::Connections clients(tally, clock, connection_limits(settings.pop3d));
  Server server(services, clients, server_options(settings), listening);

  const event::Signal terminate(loop, SIGTERM, [&] {
    server.stop([&] { loop.stop(); });
    // If the parent is gone, its successor can listen while we finish.
    sockets.clear();
  });
  log.set_buffered(true);
  loop.set_after_turn([&] { log.flush(); });
  loop.run();
  log.set_buffered(false);
  return EXIT_SUCCESS;
}

}  // namespace postrider::pop3d

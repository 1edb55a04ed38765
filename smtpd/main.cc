// smtpd - takes mail in over SMTP. The parent opens the sockets; the workers do everything else.
#include <span>
#include <string>

#include "common/base/directory.h"
#include "common/config/daemon.h"
#include "common/event/prefork.h"
#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "smtpd/sockets.h"
#include "smtpd/worker.h"

namespace {

using namespace postrider;

Result<void> prepare_spool(const config::Settings& settings) {
  const spool::Paths paths{settings.paths.spool};
  if (auto made = spool::system_disk().make_directory(paths.root); !made) return made;
  for (const std::string& directory : {paths.incoming(), paths.large()})
    if (auto ready = require_writable_directory(directory); !ready) return ready;
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  auto start = config::start_daemon(std::span(argv, static_cast<std::size_t>(argc)));
  if (!start) return start.error();
  const config::Settings& settings = start->settings;

  const SystemClock clock;
  log::Logger log = config::open_log("smtpd", settings, clock);
  smtpd::Sockets sockets;
  const auto prepare = [&] {
    auto prepared = prepare_spool(settings);
    if (prepared) prepared = sockets.open(settings, log);
    if (!prepared) log.error("not_started").with("reason", prepared.error().text);
    return prepared.has_value();
  };
  if (!prepare()) return config::kExitConfig;

  event::Prefork prefork;
  prefork.workers = config::worker_count(settings.smtpd.workers);
  prefork.worker = [&](unsigned number) {
    return smtpd::run_worker(settings, sockets, number);
  };
  prefork.on_reload = [&] {
    if (!config::reload(*start, log) || !prepare()) return false;
    prefork.workers = config::worker_count(settings.smtpd.workers);
    return true;
  };
  return prefork.run(log);
}

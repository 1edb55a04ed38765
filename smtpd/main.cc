// smtpd - takes mail in over SMTP. The parent opens the sockets; the workers do everything else.
#include <algorithm>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "common/config/daemon.h"
#include "common/config/load.h"
#include "common/event/prefork.h"
#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "smtpd/sockets.h"
#include "smtpd/worker.h"

namespace {

using namespace postrider;

unsigned worker_count(const config::Settings& settings) {
  if (settings.smtpd.workers > 0) return static_cast<unsigned>(settings.smtpd.workers);
  return std::max(1U, std::thread::hardware_concurrency());
}

Result<void> prepare_spool(const config::Settings& settings) {
  const spool::Paths paths{settings.paths.spool};
  for (const std::string& directory : {paths.root, paths.incoming(), paths.large()})
    if (auto made = spool::system_disk().make_directory(directory); !made) return made;
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  auto start = config::start_daemon(std::span(argv, static_cast<std::size_t>(argc)));
  if (!start) return start.error();
  config::Settings settings = std::move(start->settings);

  const SystemClock clock;
  log::Logger log("smtpd", log::Level::info, log::Format::logfmt, clock);
  smtpd::Sockets sockets;
  const auto prepare = [&](const config::Settings& wanted) {
    auto prepared = prepare_spool(wanted);
    if (prepared) prepared = sockets.open(wanted, log);
    if (!prepared) log.error("not_started").with("reason", prepared.error().text);
    return prepared.has_value();
  };
  if (!prepare(settings)) return config::kExitConfig;

  event::Prefork prefork;
  prefork.workers = worker_count(settings);
  prefork.worker = [&](unsigned number) {
    return smtpd::run_worker(settings, sockets.descriptors(), number);
  };
  prefork.on_reload = [&] {
    auto loaded = config::load(start->config_path);
    if (!loaded) log.error("not_reloaded").with("reason", loaded.error().text);
    if (!loaded || !prepare(*loaded)) return false;
    settings = std::move(*loaded);
    prefork.workers = worker_count(settings);
    return true;
  };
  return prefork.run(log);
}

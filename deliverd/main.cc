// deliverd - carries mail to where it goes, in one of two roles: @local writes Maildirs and never
// touches the network, @remote opens connections to other servers and never touches mailboxes.
#include <span>
#include <string>

#include "common/config/daemon.h"
#include "common/config/load.h"
#include "common/event/prefork.h"
#include "deliverd/service.h"

using namespace postrider;

namespace {

unsigned worker_count(const config::Settings& settings, deliverd::Role role) {
  return static_cast<unsigned>(role == deliverd::Role::local ? settings.deliverd.local_workers
                                                             : settings.deliverd.remote_workers);
}

}  // namespace

int main(int argc, char** argv) {
  static constexpr config::DaemonOption kOptions[] = {{"role", "local|remote"}};
  auto start = config::start_daemon({argv, static_cast<std::size_t>(argc)}, kOptions);
  if (!start) return start.error();
  config::Settings& settings = start->settings;
  const std::string& role_name = start->options["role"];
  const auto role = role_name == "local" ? deliverd::Role::local : deliverd::Role::remote;

  const SystemClock clock;
  log::Logger log("deliverd@" + role_name,
                  log::parse_level(settings.log.level).value_or(log::Level::info),
                  settings.log.format == "json" ? log::Format::json : log::Format::logfmt, clock);
  event::Prefork prefork;
  prefork.workers = worker_count(settings, role);
  prefork.worker = [&](unsigned number) {
    return deliverd::serve(settings, role, number, log, clock);
  };
  prefork.on_reload = [&] {
    auto fresh = config::load(start->config_path);
    if (!fresh) {
      log.error("reload_refused").with("reason", fresh.error().text);
      return false;
    }
    settings = std::move(*fresh);
    prefork.workers = worker_count(settings, role);
    log.info("reloaded");
    return true;
  };
  return prefork.run(log);
}

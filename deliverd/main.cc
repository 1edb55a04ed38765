// deliverd - carries mail to where it goes, in one of two roles: @local writes Maildirs and never
// touches the network, @remote opens connections to other servers and never touches mailboxes.
#include <cstdlib>
#include <span>
#include <string>
#include <utility>

#include "common/base/directory.h"
#include "common/config/daemon.h"
#include "common/event/prefork.h"
#include "common/sandbox/sandbox.h"
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
  const config::Settings& settings = start->settings;
  const std::string& role_name = start->options["role"];
  const auto role = role_name == "local" ? deliverd::Role::local : deliverd::Role::remote;

  const SystemClock clock;
  log::Logger log = config::open_log("deliverd@" + role_name, start->settings, clock);
  if (role == deliverd::Role::local)
    if (auto ready = require_writable_directory(settings.paths.mail); !ready) {
      log.error("not_started").with("reason", ready.error().text);
      return EXIT_FAILURE;
    }
  deliverd::Outgoing outgoing;
  const auto prepare = [&](std::string_view event) {
    if (const auto ready = sandbox::prepare(settings.security.sandbox, log); !ready) {
      log.error(event).with("reason", ready.error().text);
      return false;
    }
    if (role == deliverd::Role::local) return true;
    auto loaded = deliverd::load_outgoing(settings, clock);
    if (!loaded) log.error(event).with("reason", loaded.error().text);
    if (loaded) outgoing = std::move(*loaded);
    return loaded.has_value();
  };
  if (!prepare("not_started")) return config::kExitConfig;
  if (start->is_check) return EXIT_SUCCESS;

  event::Prefork prefork;
  prefork.one_generation = role == deliverd::Role::remote;  // it counts connections and rates
  prefork.workers = worker_count(settings, role);
  prefork.worker = [&](unsigned number, event::Pulse pulse) {
    return deliverd::serve(settings, role, &outgoing, number, std::move(pulse), log, clock);
  };
  prefork.on_reload = [&] {
    config::Settings before = settings;
    if (!config::reload(*start, log)) return false;
    if (!prepare("not_reloaded")) {
      start->settings = std::move(before);  // a worker that is started later finds what it served
      return false;
    }
    prefork.workers = worker_count(settings, role);
    return true;
  };
  return prefork.run(log);
}

// queued - owns the queue: takes accepted mail from the spool, decides where it goes and when,
// hands it to deliverd, and tells senders what could not be delivered.
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/config/daemon.h"
#include "common/event/prefork.h"
#include "common/net/inherited_sockets.h"
#include "common/net/listener.h"
#include "common/sandbox/sandbox.h"
#include "queued/service.h"

using namespace postrider;

int main(int argc, char** argv) {
  auto start = config::start_daemon({argv, static_cast<std::size_t>(argc)});
  if (!start) return start.error();
  const config::Settings& settings = start->settings;
  const SystemClock clock;
  log::Logger log = config::open_log("queued", start->settings, clock);
  if (auto ready = sandbox::prepare(settings.security.sandbox, log); !ready) {
    log.error("not_started").with("reason", ready.error().text);
    return config::kExitConfig;
  }
  if (start->is_check) return EXIT_SUCCESS;
  if (::mkdir(settings.paths.run.c_str(), 0755) != 0 && errno != EEXIST) {
    log.error("not_started").with("reason", fail_errno(settings.paths.run, errno).value().text);
    return EXIT_FAILURE;
  }
  // Here and not by the worker alone: what can never work is to end the start.
  if (auto ready = queued::prepare_spool(settings); !ready) {
    log.error("not_started").with("reason", ready.error().text);
    return EXIT_FAILURE;
  }
  const std::string path = settings.paths.run + "/queued.sock";
  Fd inherited = net::InheritedSockets::take().claim(path);
  auto listening =
      inherited ? Result<Fd>(std::move(inherited)) : net::open_listening_unix_socket(path, 0660);
  if (!listening) {
    log.error("not_started").with("reason", listening.error().text);
    return EXIT_FAILURE;
  }

  event::Prefork prefork;
  prefork.worker = [&](unsigned, event::Pulse pulse) {
    return queued::serve(settings, *listening, std::move(pulse), log, clock);
  };
  prefork.listening = [&] { return std::vector<int>{listening->get()}; };
  prefork.on_reload = [&] {
    config::Settings before = settings;
    if (!config::reload(*start, log)) return false;
    const auto ready = sandbox::prepare(settings.security.sandbox, log);
    if (ready) return true;
    log.error("not_reloaded").with("reason", ready.error().text);
    start->settings = std::move(before);  // a worker that is started later finds what it served
    return false;
  };
  return prefork.run(log);
}

// pop3d - hands mailboxes out over POP3: the parent opens the sockets, the workers serve them.
#include <cstdlib>
#include <exception>
#include <vector>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/config/daemon.h"
#include "common/event/prefork.h"
#include "common/net/listener.h"
#include "pop3d/worker.h"

namespace {

using namespace postrider;

Result<std::vector<Fd>> open_sockets(const config::Settings& settings, log::Logger& log) {
  std::vector<Fd> sockets;
  for (const config::Pop3Listener& listener : settings.pop3d.listen) {
    if (listener.tls == config::Pop3Tls::implicit) {
      log.warning("listener_skipped")
          .with("address", listener.address)
          .with("reason", "TLS is not available in this release");
      continue;
    }
    auto address = net::SocketAddress::parse(listener.address);
    if (!address) return tl::unexpected<Error>(std::move(address.error()));
    auto socket = net::open_listening_socket(*address);
    if (!socket) return tl::unexpected<Error>(std::move(socket.error()));
    log.info("listening").with("address", listener.address);
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

int run(config::DaemonStart start) {
  const SystemClock clock;
  log::Logger log = config::open_log("pop3d", start.settings, clock);
  auto sockets = open_sockets(start.settings, log);
  if (!sockets) {
    log.error("not_started").with("reason", sockets.error().text);
    return EXIT_FAILURE;
  }

  directory::VerifiedPasswords verified;  // which the workers share
  event::Prefork prefork;
  prefork.workers = config::worker_count(start.settings.pop3d.workers);
  prefork.worker = [&](unsigned number) {
    return pop3d::run_worker(start.settings, *sockets, verified, number, clock, log);
  };
  // New workers get the new settings; where they listen changes with a restart.
  prefork.on_reload = [&] {
    if (!config::reload(start, log)) return false;
    prefork.workers = config::worker_count(start.settings.pop3d.workers);
    return true;
  };
  return prefork.run(log);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    auto start = config::start_daemon({argv, static_cast<std::size_t>(argc)});
    return start ? run(std::move(*start)) : start.error();
  } catch (const std::exception& error) {
    fmt::print(stderr, "pop3d: {}\n", error.what());
    return EXIT_FAILURE;
  }
}

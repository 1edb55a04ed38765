// pop3d - hands mailboxes out over POP3: the parent opens the sockets, the workers serve them.
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/config/daemon.h"
#include "common/config/tls.h"
#include "common/event/prefork.h"
#include "common/net/inherited_sockets.h"
#include "common/net/listener.h"
#include "common/net/tls_server.h"
#include "common/sandbox/sandbox.h"
#include "pop3d/worker.h"

namespace {

using namespace postrider;

using pop3d::Socket;

Result<std::vector<Socket>> open_sockets(const config::Settings& settings,
                                         net::InheritedSockets& inherited) {
  std::vector<Socket> sockets;
  for (const config::Pop3Listener& listener : settings.pop3d.listen) {
    auto address = net::SocketAddress::parse(listener.address);
    if (!address) return pass_on(std::move(address.error()));
    Fd given = inherited.claim(*address);
    auto socket = given ? Result<Fd>(std::move(given)) : net::open_listening_socket(*address);
    if (!socket) return pass_on(std::move(socket.error()));
    sockets.push_back({std::move(*socket), listener});
  }
  return sockets;
}

// In ALPN, as IANA has registered it (RFC 7301).
const std::vector<std::string> kProtocols{"pop3"};

// Null where no certificate is configured.
Result<std::unique_ptr<net::TlsServer>> load_certificates(const config::Settings& settings,
                                                          net::TicketKeys& keys,
                                                          const Clock& clock) {
  if (settings.tls.certificate.empty()) return nullptr;
  return net::TlsServer::load(config::tls_options(settings, kProtocols), keys, clock);
}

// What the workers will need: the certificates, and a kernel that can confine them as the settings
// say.
Result<std::unique_ptr<net::TlsServer>> prepare(const config::Settings& settings,
                                                net::TicketKeys& keys, const Clock& clock,
                                                log::Logger& log) {
  auto loaded = load_certificates(settings, keys, clock);
  if (!loaded) return loaded;
  if (auto ready = sandbox::prepare(settings.security.sandbox, log); !ready)
    return pass_on(std::move(ready.error()));
  return loaded;
}

// The sockets stay; what is spoken there is what the settings say now.
void describe(std::vector<Socket>& sockets, const config::Settings& settings) {
  for (Socket& socket : sockets)
    for (const config::Pop3Listener& listener : settings.pop3d.listen)
      if (listener.address == socket.listener.address) socket.listener = listener;
}

int run(config::DaemonStart start) {
  const SystemClock clock;
  log::Logger log = config::open_log("pop3d", start.settings, clock);
  // Here rather than in each worker: see smtpd's main().
  net::TicketKeys ticket_keys;
  auto tls = prepare(start.settings, ticket_keys, clock, log);
  if (!tls) {
    log.error("not_started").with("reason", tls.error().text);
    return config::kExitConfig;
  }
  auto inherited = net::InheritedSockets::take();
  // Of who asks by hand, beside a running pop3d, no socket is to be opened. A release that is to be
  // followed hands its own.
  if (start.is_check && !inherited.are_any()) return EXIT_SUCCESS;
  auto sockets = open_sockets(start.settings, inherited);
  if (!sockets) {
    log.error("not_started").with("reason", sockets.error().text);
    return EXIT_FAILURE;
  }
  if (start.is_check) return EXIT_SUCCESS;
  for (const Socket& socket : *sockets)
    log.info("listening").with("address", socket.listener.address);
  config::tell_unclaimed(std::exchange(inherited, {}).unclaimed(), "pop3d.listen", log);

  directory::VerifiedPasswords verified;  // which the workers share
  postrider::event::Prefork prefork;
  prefork.workers = config::worker_count(start.settings.pop3d.workers);
  prefork.retirement = config::kRetirement;
  prefork.worker = [&](unsigned number, postrider::event::Pulse pulse) {
    return pop3d::run_worker(start.settings, *sockets, tls->get(), verified, number,
                             std::move(pulse), clock, log);
  };
  prefork.listening = [&] {
    std::vector<int> all;
    for (const Socket& socket : *sockets) all.push_back(socket.fd.get());
    return all;
  };
  // New workers get the new settings and certificates; where they listen changes with a restart.
  prefork.on_reload = [&] {
    config::Settings before = start.settings;
    if (!config::reload(start, log)) return false;
    auto loaded = prepare(start.settings, ticket_keys, clock, log);
    if (!loaded) {
      log.error("not_reloaded").with("reason", loaded.error().text);
      start.settings = std::move(before);
      return false;
    }
    *tls = std::move(*loaded);
    describe(*sockets, start.settings);
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

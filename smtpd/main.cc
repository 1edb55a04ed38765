// smtpd - takes mail in over SMTP. The parent opens the sockets; the workers do everything else.
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/base/directory.h"
#include "common/config/daemon.h"
#include "common/config/tls.h"
#include "common/event/prefork.h"
#include "common/sandbox/sandbox.h"
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

// In ALPN. None is registered for SMTP; these are what clients that name one send.
const std::vector<std::string> kProtocols{"smtp", "esmtp"};

// Null where no certificate is configured.
Result<std::unique_ptr<net::TlsServer>> load_certificates(const config::Settings& settings,
                                                          net::TicketKeys& keys,
                                                          const Clock& clock) {
  if (settings.tls.certificate.empty()) return nullptr;
  return net::TlsServer::load(config::tls_options(settings, kProtocols), keys, clock);
}

}  // namespace

int main(int argc, char** argv) {
  auto start = config::start_daemon(std::span(argv, static_cast<std::size_t>(argc)));
  if (!start) return start.error();
  const config::Settings& settings = start->settings;

  const SystemClock clock;
  log::Logger log = config::open_log("smtpd", settings, clock);
  smtpd::Sockets sockets(net::InheritedSockets::take());
  // Of who asks by hand, another user perhaps, beside a running smtpd, folders and sockets are none
  // to be opened. A release that is to be followed hands its own.
  const bool is_by_hand = start->is_check && !sockets.has_inherited();
  // Here rather than in each worker: the workers share the tickets' secret and what passwords
  // were verified, and one that is started
  // later has what served until then, whatever the files have become.
  net::TicketKeys ticket_keys;
  directory::VerifiedPasswords verified;
  std::unique_ptr<net::TlsServer> tls;
  const auto prepare = [&]() -> Result<void> {
    auto loaded = load_certificates(settings, ticket_keys, clock);
    if (!loaded) return pass_on(std::move(loaded.error()));
    auto prepared = sandbox::prepare(settings.security.sandbox, log);
    if (is_by_hand) return prepared;
    if (prepared) prepared = prepare_spool(settings);
    if (prepared) prepared = sockets.open(settings);
    if (prepared) tls = std::move(*loaded);
    return prepared;
  };
  const auto is_prepared = [&] {
    const auto prepared = prepare();
    if (!prepared) log.error("not_started").with("reason", prepared.error().text);
    return prepared.has_value();
  };
  if (start->is_check) {
    const auto right = prepare();
    sockets.withdraw();
    if (!right) log.error("would_not_start").with("reason", right.error().text);
    return right ? EXIT_SUCCESS : config::kExitConfig;
  }
  if (!is_prepared()) return config::kExitConfig;
  config::tell_unclaimed(sockets.drop_unclaimed(), "smtpd.listen", log);

  postrider::event::Prefork prefork;
  prefork.workers = config::worker_count(settings.smtpd.workers);
  prefork.retirement = config::kRetirement;
  prefork.worker = [&](unsigned number, postrider::event::Pulse pulse) {
    return smtpd::run_worker(settings, sockets, tls.get(), verified, number, std::move(pulse));
  };
  prefork.listening = [&] {
    std::vector<int> all;
    for (const smtpd::ListeningSocket& socket : sockets.listening()) all.push_back(socket.fd);
    return all;
  };
  prefork.on_reload = [&] {
    config::Settings before = settings;
    if (!config::reload(*start, log)) return false;
    if (!is_prepared()) {
      start->settings = std::move(before);  // a worker that is started later finds what it served
      return false;
    }
    prefork.workers = config::worker_count(settings.smtpd.workers);
    return true;
  };
  return prefork.run(log);
}

#include "deliverd/service.h"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <utility>

#include "common/base/random.h"
#include "common/config/daemon.h"
#include "common/metrics/counters.h"
#include "common/net/caching_resolver.h"
#include "common/net/cares_resolver.h"
#include "common/quota/open_rooms.h"
#include "common/sandbox/sandbox.h"
#include "common/trace/recording.h"
#include "deliverd/confinement.h"
#include "deliverd/local/local_delivery.h"
#include "deliverd/remote/remote_delivery.h"
#include "deliverd/worker.h"

namespace postrider::deliverd {

namespace {

// Jobs that a worker takes at once: more than one sync's worth of mailbox files; enough for many
// servers, of which some hang.
constexpr unsigned kLocalCredit = 1000;
constexpr unsigned kRemoteCredit = 4000;

// Sends to other servers, with the DNS that the settings name.
class Relay final : public Delivery {
 public:
  Relay(event::EventLoop& loop, const config::Settings& settings, const Outgoing& outgoing,
        const Clock& clock, log::Logger& log, metrics::Counters& counters)
      : resolver_(loop, {settings.dns.servers, settings.dns.timeout,
                         static_cast<unsigned>(settings.dns.tries)}),
        cache_(loop, resolver_, {}),
        tls_policies_(loop, settings),
        delivery_(loop, settings, cache_, tls_policies_, outgoing, random_, clock, log, counters) {}

  void deliver(const ipc::Job& job, int source, Done done) override {
    delivery_.deliver(job, source, std::move(done));
  }

 private:
  net::CaresResolver resolver_;
  net::CachingResolver cache_;
  ConfiguredTlsPolicies tls_policies_;
  SystemRandom random_;
  RemoteDelivery delivery_;
};

// Stores in mailboxes, in the room that all processes know of.
class Deposit final : public Delivery {
 public:
  Deposit(event::EventLoop& loop, const config::Settings& settings, LocalDelivery::Options options,
          const Clock& clock, log::Logger& log, metrics::Counters& counters)
      : rooms_(quota::open_rooms(settings.paths.run, log)),
        delivery_(loop, std::move(options), rooms_, clock, log, counters) {}

  void deliver(const ipc::Job& job, int source, Done done) override {
    delivery_.deliver(job, source, std::move(done));
  }

 private:
  quota::Rooms rooms_;
  LocalDelivery delivery_;
};

std::unique_ptr<Delivery> new_delivery(event::EventLoop& loop, const config::Settings& settings,
                                       Role role, const Outgoing* outgoing, const Clock& clock,
                                       log::Logger& log, metrics::Counters& counters) {
  if (role == Role::remote)
    return std::make_unique<Relay>(loop, settings, *outgoing, clock, log, counters);
  LocalDelivery::Options options;
  options.mail_directory = settings.paths.mail;
  options.hostname = settings.hostname;
  options.over_quota = settings.deliverd.over_quota == "refuse" ? ipc::FAILED : ipc::DEFERRED;
  options.warn = settings.quota.warn;
  options.sync = settings.deliverd.sync;
  options.sync_interval = settings.deliverd.sync_interval;
  return std::make_unique<Deposit>(loop, settings, std::move(options), clock, log, counters);
}

void run(const config::Settings& settings, Role role, const Outgoing* outgoing, unsigned number,
         event::Pulse pulse, log::Logger& log, const Clock& clock) {
  event::EventLoop loop;
  trace::Recording recording(
      log, settings, role == Role::local ? "deliverd-local" : "deliverd-remote", number, clock);
  log.set_buffered(true);
  metrics::Counters counters = config::open_counters(
      role == Role::local ? "deliverd@local" : "deliverd@remote", number, settings, clock, log);
  const auto delivery = new_delivery(loop, settings, role, outgoing, clock, log, counters);
  const auto ipc_role = role == Role::local ? ipc::DELIVERD_LOCAL : ipc::DELIVERD_REMOTE;
  Worker worker(loop,
                {settings.paths.run + "/queued.sock", ipc_role, number,
                 role == Role::local ? kLocalCredit : kRemoteCredit},
                *delivery, log, [&] { loop.stop(); });
  loop.set_after_turn([&] {
    recording.end_turn();
    counters.set(metrics::Gauge::jobs, static_cast<std::int64_t>(worker.jobs()));
    counters.observe(metrics::Duration::loop_turn, loop.turn_time());
  });
  const event::Signal terminate(loop, SIGTERM, [&] { worker.stop(); });
  const event::Heartbeat heartbeat(loop, std::move(pulse));
  worker.start();
  loop.run();
}

}  // namespace

int serve(const config::Settings& settings, Role role, const Outgoing* outgoing, unsigned number,
          event::Pulse pulse, log::Logger& log, const Clock& clock) {
  sandbox::Confinement may = confinement(settings, role);
  sandbox::add_writable(may, metrics::counters_folder(settings.paths.run));
  if (settings.trace.enabled == "on")
    sandbox::add_writable(may, trace::folder_of(settings.paths.data));
  const auto confined = sandbox::confine(may, settings.security.sandbox);
  if (!confined) {
    log.error("not_started").with("reason", confined.error().text);
    return EXIT_FAILURE;
  }
  try {
    run(settings, role, outgoing, number, std::move(pulse), log, clock);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    log.error("not_started").with("reason", error.what());
    return EXIT_FAILURE;
  }
}

}  // namespace postrider::deliverd

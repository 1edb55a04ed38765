// monitor_command.cc - postrider monitor: the process that lets others see.
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include <csignal>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/config/daemon.h"
#include "common/config/load.h"
#include "common/net/listener.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/monitor/metrics_manual.h"
#include "ctl/monitor/monitor.h"

namespace postrider::ctl {

namespace {

// Mail goes before.
constexpr int kNiceness = 10;
// How often the service manager hears that the loop turns; the unit has WatchdogSec=30.
constexpr std::chrono::seconds kBeat{10};
// Messages that a search on the page looks at.
constexpr std::size_t kMostTraced = 10'000;

// Empty where nothing is to be served.
Result<Fd> listen_at(const std::string& address) {
  if (address.empty()) return Fd();
  const auto parsed = net::SocketAddress::parse(address);
  if (!parsed) return pass_on(parsed.error());
  return net::open_listening_socket(*parsed);
}

// Where the trace is off there is nothing to search.
Trace trace_of(const config::Settings& settings) {
  if (settings.trace.enabled != "on") return {};
  return [data = settings.paths.data](const std::string& what) {
    return look_up_trace(data, {.what = what, .most = kMostTraced});
  };
}

// A generation of it serves with the settings of one reload.
class Process {
 public:
  Process(Context& context, config::Settings settings, Fd listening)
      : context_(context),
        settings_(std::move(settings)),
        listening_(std::move(listening)),
        log_(config::open_log("monitor", settings_, clock_)),
        counters_(config::open_counters("monitor", 0, settings_, clock_, log_)) {}

  void run() {
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNiceness));
    do {
      again_ = false;
      serve();
    } while (again_);
  }

 private:
  void serve() {
    event::EventLoop loop;
    const event::Signal terminate(loop, SIGTERM, [&] { loop.stop(); });
    const event::Signal interrupt(loop, SIGINT, [&] { loop.stop(); });
    const event::Signal hangup(loop, SIGHUP, [&] {
      again_ = reload();
      if (again_) loop.stop();
    });
    event::Timer beat(loop, [&] {
      ::sd_notify(0, "WATCHDOG=1");
      beat.arm(kBeat);
    });
    beat.arm(kBeat);
    Monitor monitor(loop, settings_, listening_, clock_, log_, trace_of(settings_));
    loop.set_after_turn([&] {
      log_.flush();
      counters_.observe(metrics::Duration::loop_turn, loop.turn_time());
    });
    ::sd_notify(0, "READY=1");
    loop.run();
  }

  // What is wrong leaves all as it was.
  bool reload() {
    auto settings = config::load(context_.configuration_file());
    const bool moves = settings && settings->metrics.listen != settings_.metrics.listen;
    Result<Fd> listening = moves ? listen_at(settings->metrics.listen) : Result<Fd>(Fd());
    if (!settings || !listening) {
      const Error& error = settings ? listening.error() : settings.error();
      log_.error("not_reloaded").with("reason", error.text);
      return false;
    }
    settings_ = std::move(*settings);
    if (moves) listening_ = std::move(*listening);
    log_.info("reloaded").with("config", context_.configuration_file());
    return true;
  }

  Context& context_;
  SystemClock clock_;
  config::Settings settings_;
  Fd listening_;
  log::Logger log_;
  metrics::Counters counters_;
  bool again_ = false;
};

void monitor(Context& context) {
  auto settings = context.settings();
  if (!settings) return;
  auto listening = listen_at(settings->metrics.listen);
  if (!listening)
    return context.refuse(ExitStatus::configuration,
                          fmt::format("metrics.listen: {}", listening.error().text));
  Process(context, std::move(*settings), std::move(*listening)).run();
}

}  // namespace

void add_monitor_command(Command app, Context& context) {
  const Command command =
      app.add_subcommand("monitor", "Serve metrics and a status page (`postrider run` starts it)");
  const auto manual = std::make_shared<bool>(false);
  command.add_flag("--manual", *manual, "Write postrider-metrics(5), and nothing else");
  command.callback([&context, manual] {
    if (!*manual) return monitor(context);
    fmt::print("{}", metrics_manual());
  });
}

}  // namespace postrider::ctl

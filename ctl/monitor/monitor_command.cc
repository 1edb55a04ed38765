// monitor_command.cc - postrider monitor: the process that lets others see.
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include <csignal>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "common/base/clock.h"
#include "common/config/daemon.h"
#include "common/config/load.h"
#include "common/net/listener.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/monitor/metrics_manual.h"
#include "ctl/monitor/monitor.h"

namespace postrider::ctl {

namespace {

// Mail goes before.
constexpr int kNiceness = 10;

class Process {
 public:
  Process(Context& context, config::Settings settings)
      : context_(context),
        settings_(std::move(settings)),
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
    const auto address = net::SocketAddress::parse(settings_.metrics.listen);
    const auto listening = address ? net::open_listening_socket(*address)
                                   : Result<Fd>(tl::unexpected<Error>(address.error()));
    if (!listening)
      return context_.refuse(ExitStatus::configuration,
                             "metrics.listen: " + listening.error().text);
    event::EventLoop loop;
    const event::Signal terminate(loop, SIGTERM, [&] { loop.stop(); });
    const event::Signal interrupt(loop, SIGINT, [&] { loop.stop(); });
    const event::Signal hangup(loop, SIGHUP, [&] {
      again_ = reload();
      if (again_) loop.stop();
    });
    Monitor monitor(loop, settings_, listening->get(), clock_, log_);
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
    if (settings && settings->metrics.listen.empty())
      settings = fail(ErrorKind::invalid,
                      "metrics.listen is empty: stop the suite and start it again, without this "
                      "process");
    if (!settings) {
      log_.error("not_reloaded").with("reason", settings.error().text);
      return false;
    }
    settings_ = std::move(*settings);
    log_.info("reloaded").with("config", context_.configuration_file());
    return true;
  }

  Context& context_;
  SystemClock clock_;
  config::Settings settings_;
  log::Logger log_;
  metrics::Counters counters_;
  bool again_ = false;
};

void monitor(Context& context) {
  auto settings = context.settings();
  if (!settings) return;
  if (settings->metrics.listen.empty())
    return context.refuse(
        ExitStatus::configuration,
        "metrics.listen is empty; write listen = \"127.0.0.1:PORT\" in [metrics]");
  Process(context, std::move(*settings)).run();
}

}  // namespace

void add_monitor_command(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("monitor", "Serve metrics and a status page (`postrider run` starts it)");
  const auto manual = std::make_shared<bool>(false);
  command->add_flag("--manual", *manual, "Write postrider-metrics(5), and nothing else");
  command->callback([&context, manual] {
    if (!*manual) return monitor(context);
    fmt::print("{}", metrics_manual());
  });
}

}  // namespace postrider::ctl

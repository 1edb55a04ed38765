#include "common/config/daemon.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "common/config/load.h"
#include "common/config/parameters.h"

namespace postrider::config {

namespace {

constexpr int kExitOk = 0;

// Reads the arguments into a DaemonStart whose settings are still to be loaded.
class CommandLine {
 public:
  CommandLine(std::span<char* const> arguments, std::span<const DaemonOption> options)
      : arguments_(arguments), options_(options) {
    name_ =
        arguments.empty() ? "postrider" : std::filesystem::path(arguments[0]).filename().string();
  }

  tl::expected<DaemonStart, int> read() const {
    DaemonStart start{{}, std::string(kDefaultPath), {}};
    for (std::size_t i = 1; i < arguments_.size(); i += 2) {
      const std::string_view argument = arguments_[i];
      if (argument == "--check") {
        start.is_check = true;
        --i;
        continue;
      }
      if (argument == "--help") return answer(usage());
      if (argument == "--version") return answer(fmt::format("{} {}\n", name_, version()));
      const DaemonOption* option = find_option(argument);
      if (argument != "--config" && option == nullptr)
        return wrong_usage(fmt::format("unknown argument: {}", argument));
      if (i + 1 == arguments_.size()) return wrong_usage(fmt::format("{} needs a value", argument));
      const std::string value = arguments_[i + 1];
      if (option == nullptr) {
        start.config_path = value;
      } else if (choice_index(option->choices, value) < 0) {
        return wrong_usage(fmt::format("{} is one of {}", argument, option->choices));
      } else {
        start.options[std::string(option->name)] = value;
      }
    }
    for (const DaemonOption& option : options_)
      if (start.options.count(option.name) == 0)
        return wrong_usage(fmt::format("--{} is missing", option.name));
    return start;
  }

 private:
  const DaemonOption* find_option(std::string_view argument) const {
    const auto it = std::find_if(options_.begin(), options_.end(), [&](const DaemonOption& option) {
      return argument.starts_with("--") && argument.substr(2) == option.name;
    });
    return it == options_.end() ? nullptr : &*it;
  }

  std::string usage() const {
    std::string text = fmt::format("usage: {} [--check] [--config FILE]", name_);
    for (const DaemonOption& option : options_)
      text += fmt::format(" --{} {}", option.name, option.choices);
    return text + "\n";
  }

  static tl::unexpected<int> answer(const std::string& text) {
    fmt::print("{}", text);
    return tl::unexpected<int>(kExitOk);
  }

  tl::unexpected<int> wrong_usage(const std::string& why) const {
    fmt::print(stderr, "{}: {}\n{}", name_, why, usage());
    return tl::unexpected<int>(kExitUsage);
  }

  std::span<char* const> arguments_;
  std::span<const DaemonOption> options_;
  std::string name_;
};

}  // namespace

std::string_view version() noexcept { return POSTRIDER_VERSION; }

tl::expected<DaemonStart, int> start_daemon(std::span<char* const> arguments,
                                            std::span<const DaemonOption> options) {
  auto start = CommandLine(arguments, options).read();
  if (!start) return start;
  auto settings = load(start->config_path);
  if (!settings) {
    fmt::print(stderr, "{}\n", settings.error().text);
    return tl::unexpected<int>(kExitConfig);
  }
  start->settings = std::move(*settings);
  return start;
}

log::Logger open_log(std::string name, const Settings& settings, const Clock& clock) {
  const auto level = log::parse_level(settings.log.level).value_or(log::Level::info);
  const auto format = settings.log.format == "json" ? log::Format::json : log::Format::logfmt;
  return log::Logger(std::move(name), level, format, clock);
}

metrics::Counters open_counters(std::string_view name, unsigned number, const Settings& settings,
                                const Clock& clock, log::Logger& log) {
  auto counters = metrics::Counters::open(metrics::counters_folder(settings.paths.run),
                                          {name, number, clock.now(), version()});
  if (counters) return std::move(*counters);
  log.warning("counters_not_shared")
      .with("reason", counters.error().text)
      .with("effect", "what this worker does is missing in `postrider status` and in metrics");
  return {};
}

bool reload(DaemonStart& start, log::Logger& log) {
  auto settings = load(start.config_path);
  if (!settings) {
    log.error("not_reloaded").with("reason", settings.error().text);
    return false;
  }
  start.settings = std::move(*settings);
  log.info("reloaded").with("config", start.config_path);
  return true;
}

void tell_unclaimed(const std::vector<std::string>& unclaimed, std::string_view parameter,
                    log::Logger& log) {
  for (const std::string& address : unclaimed)
    log.warning("socket_not_used")
        .with("address", address)
        .with("reason", fmt::format("{} does not name it", parameter))
        .with("effect", "it is closed; where systemd holds it, who connects there waits in vain")
        .with("mending", "`systemctl mask --now` its unit, or name it there and restart");
}

unsigned worker_count(std::uint64_t configured) noexcept {
  if (configured > 0) return static_cast<unsigned>(configured);
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace postrider::config

// daemon.h - what every daemon's main() does first: its command line and the configuration file.
#pragma once

#include <chrono>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/log/log.h"
#include "common/metrics/counters.h"

namespace postrider::config {

// Where the configuration is when nobody says otherwise.
inline constexpr std::string_view kDefaultPath = "/etc/postrider/postrider.toml";

// Exit status of a daemon, and of the command, as <sysexits.h> has them.
inline constexpr int kExitUsage = 64;
inline constexpr int kExitConfig = 78;

// "0.1.0"
std::string_view version() noexcept;

// An option that one daemon has besides --config: "--role local".
struct DaemonOption {
  std::string_view name;     // "role"
  std::string_view choices;  // "local|remote"; must be given
};

struct DaemonStart {
  Settings settings;
  std::string config_path;  // for loading it again
  bool is_check = false;    // only to be told whether it could start: main() returns before it does
                            // anything that others see
  std::map<std::string, std::string, std::less<>> options;
};

// Reads the command line `arguments` (argv) and loads the configuration. Otherwise the exit status
// that main() returns at once, all being said on standard output or standard error: 0 after --help
// and --version, kExitUsage, kExitConfig.
tl::expected<DaemonStart, int> start_daemon(std::span<char* const> arguments,
                                            std::span<const DaemonOption> options = {});

// Where the process `name` ("smtpd") writes its lines, as [log] says. `clock` outlives it.
log::Logger open_log(std::string name, const Settings& settings, const Clock& clock);

// Where worker `number` of the process `name` counts: in the run directory, or where that cannot
// be, for itself alone, and `log` is told.
metrics::Counters open_counters(std::string_view name, unsigned number, const Settings& settings,
                                const Clock& clock, log::Logger& log);

// Loads the configuration again, for SIGHUP. False: it is wrong, the old one stays, and `log` was
// told.
bool reload(DaemonStart& start, log::Logger& log);

// How long a worker of before a reload sees its sessions to their end.
inline constexpr std::chrono::hours kRetirement{1};

// Tells of sockets that were inherited and that the configuration does not name: `unclaimed`, as of
// net::InheritedSockets, which the caller closes. `parameter` is what would name them.
void tell_unclaimed(const std::vector<std::string>& unclaimed, std::string_view parameter,
                    log::Logger& log);

// As many workers as are configured; 0 means one a core.
unsigned worker_count(std::uint64_t configured) noexcept;

}  // namespace postrider::config

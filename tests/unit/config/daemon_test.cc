#include "common/config/daemon.h"

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace config_daemon_test {

using namespace postrider;
using namespace postrider::config;

namespace {

constexpr std::array kRole{DaemonOption{"role", "local|remote"}};

tl::expected<DaemonStart, int> start(std::vector<std::string> arguments,
                                     std::span<const DaemonOption> options = {}) {
  arguments.insert(arguments.begin(), "/usr/sbin/deliverd");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return start_daemon(argv, options);
}

}  // namespace

TEST_CASE("config daemon: the file and the daemon's own options are read", "[config]") {
  const test::TempDirectory directory;
  const std::string path = directory.path("p.toml");
  std::ofstream(path) << "hostname = \"mx.test\"\n";
  const auto started = start({"--role", "remote", "--config", path}, kRole);
  REQUIRE(started);
  CHECK(started->settings.hostname == "mx.test");
  CHECK(started->config_path == path);
  CHECK(started->options.at("role") == "remote");
}

TEST_CASE("config daemon: wrong usage and wrong configuration have their exit status", "[config]") {
  const test::TempDirectory directory;
  const std::string path = directory.path("p.toml");
  std::ofstream(path) << "hostname = 5\n";
  CHECK(start({"--help"}).error() == 0);
  CHECK(start({"--version"}).error() == 0);
  CHECK(start({"--config"}).error() == kExitUsage);
  CHECK(start({"--role", "local"}).error() == kExitUsage);
  CHECK(start({"--config", path}, kRole).error() == kExitUsage);
  CHECK(start({"--role", "both", "--config", path}, kRole).error() == kExitUsage);
  CHECK(start({"--config", path}).error() == kExitConfig);
  CHECK(start({"--config", directory.path("none.toml")}).error() == kExitConfig);
}

}  // namespace config_daemon_test

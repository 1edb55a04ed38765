#include "common/config/manual.h"

#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "common/config/load.h"

namespace config_manual_test {

using namespace postrider;

namespace {

std::string file(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(std::string(SOURCE_DIR) + "/" + name).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("config manual: the pages in the source are those of the table", "[config]") {
  INFO(
      "write them anew: postrider config manual > man/postrider.conf.5, "
      "postrider config example > etc/postrider.toml");
  CHECK(file("man/postrider.conf.5") == config::manual_page());
  CHECK(file("etc/postrider.toml") == config::example_file());
}

TEST_CASE("config manual: the example is right, as it is and with every default uncommented",
          "[config]") {
  CHECK(config::parse(config::example_file(), "p.toml"));
  std::istringstream lines(config::example_file());
  std::string uncommented;
  for (std::string line; std::getline(lines, line);) {
    // "# key = value": the first blank after the key is that of " = ".
    const std::size_t equals = line.find(" = ");
    const bool is_default =
        line.starts_with("# ") && equals != std::string::npos && line.find(' ', 2) == equals;
    uncommented += (is_default ? line.substr(2) : line) + "\n";
    if (line.starts_with("# [[")) uncommented += line.substr(2) + "\n";
  }
  const auto settings = config::parse(uncommented, "p.toml");
  INFO((settings ? uncommented : settings.error().text));
  CHECK(settings);
}

}  // namespace config_manual_test

#include "common/config/versions.h"

#include <array>
#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "common/config/load.h"
#include "common/config/parameters.h"
#include "common/config/to_toml.h"

namespace config_versions_test {

using namespace postrider;
using namespace postrider::config;

namespace {

std::string file(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(std::string(SOURCE_DIR) + "/tests/unit/config/released/" + name).rdbuf();
  return text.str();
}

Value::Table document(std::string_view text) {
  auto parsed = parse_toml(text);
  REQUIRE(parsed);
  return *parsed;
}

const Member* member(const Value::Table& table, std::string_view key) {
  for (const Member& one : table)
    if (one.key == key) return &one;
  return nullptr;
}

const Value::Table& section(const Value::Table& table, std::string_view key) {
  const Member* const found = member(table, key);
  REQUIRE(found != nullptr);
  return std::get<Value::Table>(found->value.data);
}

std::string refused(std::string_view text) {
  const auto settings = parse(text, "p.toml");
  REQUIRE_FALSE(settings);
  return settings.error().text;
}

constexpr std::array kRenamed{Renamed{"smtpd.old", "smtpd.new"}, Renamed{"old", "fresh.key"}};
constexpr std::array kFormer{FormerDefault{"queue.lifetime", R"("5d")"}};
constexpr std::array kAgain{Renamed{"smtpd.new", "smtpd.newer"}};
constexpr std::array kSteps{Migration{kRenamed, kFormer}, Migration{kAgain, {}}};

}  // namespace

TEST_CASE("config versions: the files of all versions mean what they meant", "[config]") {
  for (std::int64_t version = 1; version <= kVersion; ++version) {
    CAPTURE(version);
    const auto settings = parse(file(std::to_string(version) + ".toml"), "/etc/p/p.toml");
    INFO((settings ? std::string() : settings.error().text));
    REQUIRE(settings);
    std::istringstream values(file(std::to_string(version) + ".values"));
    std::size_t count = 0;
    for (std::string line; std::getline(values, line); ++count) {
      CAPTURE(line);
      const std::size_t equals = line.find(" = ");
      REQUIRE(equals != std::string::npos);
      const Parameter* const parameter = find_parameter(line.substr(0, equals));
      REQUIRE(parameter != nullptr);
      CHECK(to_toml(*parameter, *settings) == line.substr(equals + 3));
    }
    CHECK(count >= 100);
  }
}

TEST_CASE("config versions: a file without a version is of the first", "[config]") {
  CHECK(parse("hostname = \"mx.test\"\n", "p.toml"));
  CHECK(parse("version = 1\nhostname = \"mx.test\"\n", "p.toml"));
}

TEST_CASE("config versions: a newer file is refused as a whole, with what would read it",
          "[config]") {
  const std::string text = refused("hostname = \"mx.test\"\nversion = 2\n[unheard]\nof = 1\n");
  CHECK(text.starts_with("p.toml:2: version: the file is of version 2, and this release"));
  CHECK(text.find("reads up to 1; install the package postrider of") != std::string::npos);
  CHECK(text.find("unheard") == std::string::npos);
}

TEST_CASE("config versions: what is no version is refused", "[config]") {
  const auto value = GENERATE(values<std::string>({"0", "-1", "\"1\"", "1.0", "[1]", "true"}));
  CHECK(refused("version = " + value + "\nhostname = \"mx.test\"\n") ==
        "p.toml:1: version: is a whole number from 1 to 1; write version = 1");
}

TEST_CASE("config versions: a version that is misspelt is found", "[config]") {
  CHECK(refused("hostname = \"mx.test\"\nversoin = 1\n") ==
        "p.toml:2: versoin: unknown parameter; did you mean `version`?");
}

TEST_CASE("config versions: an old file has its old names, and the defaults that it knew",
          "[config]") {
  Value::Table table = document("old = 7\n[smtpd]\nworkers = 2\nold = 3\n");
  migrate(table, 1, kSteps);
  CHECK(member(table, "old") == nullptr);
  CHECK(std::get<std::int64_t>(member(section(table, "fresh"), "key")->value.data) == 7);
  CHECK(member(section(table, "fresh"), "key")->line == 1);
  const Value::Table& smtpd = section(table, "smtpd");
  CHECK(member(smtpd, "old") == nullptr);
  CHECK(member(smtpd, "new") == nullptr);
  CHECK(std::get<std::int64_t>(member(smtpd, "newer")->value.data) == 3);
  CHECK(member(smtpd, "newer")->line == 4);
  CHECK(std::get<std::string>(member(section(table, "queue"), "lifetime")->value.data) == "5d");
}

TEST_CASE("config versions: what an old file says itself is no default", "[config]") {
  Value::Table table = document("[queue]\nlifetime = \"4d\"\n");
  migrate(table, 1, kSteps);
  REQUIRE(section(table, "queue").size() == 1);
  CHECK(std::get<std::string>(section(table, "queue").front().value.data) == "4d");
}

TEST_CASE("config versions: a file takes the steps from its own version on", "[config]") {
  Value::Table table = document("[smtpd]\nold = 3\nnew = 4\n");
  migrate(table, 2, kSteps);
  CHECK(member(section(table, "smtpd"), "old") != nullptr);
  CHECK(member(section(table, "smtpd"), "newer") != nullptr);
  CHECK(member(table, "queue") == nullptr);
}

TEST_CASE("config versions: a section that is none is left for the complaint", "[config]") {
  Value::Table table = document("smtpd = 3\nqueue = 1\n");
  migrate(table, 1, kSteps);
  CHECK(table.size() == 2);
}

}  // namespace config_versions_test

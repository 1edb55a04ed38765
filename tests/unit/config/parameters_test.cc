#include "common/config/parameters.h"

#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "common/config/load.h"
#include "common/config/to_toml.h"

namespace config_parameters_test {

using namespace postrider::config;

TEST_CASE("config parameters: names are unique, sections stand together, each has a meaning",
          "[config]") {
  std::set<std::string_view> names;
  std::set<std::string_view> sections;
  std::string_view section;
  for (const Parameter& parameter : parameters()) {
    CAPTURE(parameter.name);
    CHECK(names.insert(parameter.name).second);
    CHECK(find_parameter(parameter.name) == &parameter);
    CHECK(parameter.meaning.ends_with('.'));
    if (section_of(parameter.name) == section) continue;
    section = section_of(parameter.name);
    CHECK((section.empty() || sections.insert(section).second));
  }
}

TEST_CASE("config parameters: each sets a member of its own", "[config]") {
  std::set<const void*> members;
  Settings settings;
  for (const Parameter& parameter : parameters()) {
    CAPTURE(parameter.name);
    const void* member =
        std::visit([&](auto at) -> const void* { return &at(settings); }, parameter.target);
    CHECK(members.insert(member).second);
  }
}

TEST_CASE("config parameters: what is shown of the defaults is what the table says", "[config]") {
  const Settings settings = defaults();
  for (const Parameter& parameter : parameters())
    CHECK(to_toml(parameter, settings) == default_toml(parameter));
}

TEST_CASE("config parameters: what is shown of a listener is what stands in the file", "[config]") {
  const auto listener = GENERATE(values<std::string>({
      R"({ address = "0.0.0.0:25", mode = "mx" })",
      R"({ address = "[::]:25", mode = "mx", mask = ["CHUNKING", "DSN"], proxy = true })",
      R"({ address = "0.0.0.0:465", mode = "submissions", proxy = true })",
  }));
  const auto settings = parse(
      "hostname = \"mx.test\"\n[tls]\ncertificate = \"a\"\nkey = \"a\"\n"
      "[smtpd]\nproxy_networks = [\"::1\"]\nlisten = [" +
          listener + "]\n",
      "p.toml");
  REQUIRE(settings);
  CHECK(to_toml(*find_parameter("smtpd.listen"), *settings) == "[" + listener + "]");
}

TEST_CASE("config parameters: what is shown of a POP3 listener is what stands in the file",
          "[config]") {
  const auto listener = GENERATE(values<std::string>({
      R"({ address = "0.0.0.0:110", tls = "none" })",
      R"({ address = "[::]:995", tls = "implicit", proxy = true })",
  }));
  const auto settings = parse(
      "hostname = \"mx.test\"\n[tls]\ncertificate = \"a\"\nkey = \"a\"\n"
      "[pop3d]\nproxy_networks = [\"::1\"]\nlisten = [" +
          listener + "]\n",
      "p.toml");
  REQUIRE(settings);
  CHECK(to_toml(*find_parameter("pop3d.listen"), *settings) == "[" + listener + "]");
}

TEST_CASE("config parameters: what is shown of limits is what stands in the file", "[config]") {
  const auto limits = GENERATE(values<std::string>({
      R"({ domain = "a.test", connections = 2, recipients = 50, rate = "10/s" })",
      R"({ host = [".a.test", "[192.0.2.1]"], rate = "1000/h" })",
      R"({ domain = "*", host = "mx.a.test", recipients = 1 })",
      R"({ host = "mx.a.test", chunking = false })",
      R"({ host = "mx.a.test", connections = 2, chunking = false })",
      R"({ host = "mx.a.test", chunking = true })",
  }));
  const auto settings = parse("hostname = \"mx.test\"\ndestination = [" + limits + "]\n", "p.toml");
  REQUIRE(settings);
  CHECK(to_toml(*find_parameter("destination"), *settings) == "[" + limits + "]");
}

TEST_CASE("config parameters: the words of a choice and their positions", "[config]") {
  CHECK(choice_index("never|loopback|always", "never") == 0);
  CHECK(choice_index("never|loopback|always", "always") == 2);
  CHECK(choice_index("never|loopback|always", "loop") == -1);
  CHECK(choice_index("never|loopback|always", "") == -1);
  CHECK(choice_word("never|loopback|always", 1) == "loopback");
  CHECK(choice_word("never|loopback|always", 2) == "always");
}

}  // namespace config_parameters_test

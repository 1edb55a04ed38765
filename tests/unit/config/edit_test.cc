#include "common/config/edit.h"

#include <catch2/catch.hpp>

namespace config_edit_test {

using namespace postrider;
using namespace postrider::config;

namespace {

std::string set(std::string_view text, std::string_view name, std::string_view value) {
  const auto edit = set_value(text, name, value);
  return edit ? applied(text, *edit) : "refused: " + edit.error().text;
}

std::string unset(std::string_view text, std::string_view name) {
  const auto edit = unset_value(text, name);
  return edit ? applied(text, *edit) : "refused: " + edit.error().text;
}

}  // namespace

TEST_CASE("config edit: the value alone is replaced", "[config]") {
  CHECK(set("# top\nhostname = \"a\"  # us\n", "hostname", "\"b\"") ==
        "# top\nhostname = \"b\"  # us\n");
  CHECK(set("[smtpd]\nworkers=2\r\n\n[log]\n", "smtpd.workers", "4") ==
        "[smtpd]\nworkers=4\r\n\n[log]\n");
  CHECK(set("smtpd.workers = 2", "smtpd.workers", "4") == "smtpd.workers = 4");
  CHECK(set("[queue]\nretry_schedule = [\n  \"5m\",\n  \"9m\" ]\n", "queue.retry_schedule", "[]") ==
        "[queue]\nretry_schedule = []\n");
  CHECK(set("[log]\n\"level\" = \"\"\"info\"\"\" # x", "log.level", "\"debug\"") ==
        "[log]\n\"level\" = \"debug\" # x");
}

TEST_CASE("config edit: a new key stands behind the last of its section", "[config]") {
  CHECK(set("[smtpd]\nvrfy = \"on\" # x\n\n# of the queue\n[queue]\n", "smtpd.workers", "4") ==
        "[smtpd]\nvrfy = \"on\" # x\nworkers = 4\n\n# of the queue\n[queue]\n");
  CHECK(set("[smtpd]\r\n[queue]\r\n", "smtpd.workers", "4") ==
        "[smtpd]\r\nworkers = 4\r\n[queue]\r\n");
  CHECK(set("hostname = \"a\"\n[log]\n", "hostname", "\"b\"") == "hostname = \"b\"\n[log]\n");
  CHECK(set("# x\n[log]\n", "hostname", "\"b\"") == "hostname = \"b\"\n# x\n[log]\n");
  CHECK(set("smtpd.vrfy = \"on\"\nhostname = \"a\"", "smtpd.workers", "4") ==
        "smtpd.vrfy = \"on\"\nsmtpd.workers = 4\nhostname = \"a\"");
}

TEST_CASE("config edit: a new section stands at the end", "[config]") {
  CHECK(set("hostname = \"a\"\n", "log.level", "\"info\"") ==
        "hostname = \"a\"\n\n[log]\nlevel = \"info\"\n");
  CHECK(set("hostname = \"a\"", "log.level", "\"info\"") ==
        "hostname = \"a\"\n\n[log]\nlevel = \"info\"");
  CHECK(set("[[route]]\nmatch = \"a\"\n", "log.level", "\"info\"") ==
        "[[route]]\nmatch = \"a\"\n\n[log]\nlevel = \"info\"\n");
}

TEST_CASE("config edit: what was set where nothing was goes without a trace", "[config]") {
  const auto text = GENERATE(values<std::string>({
      "hostname = \"a\"\n",
      "hostname = \"a\"",
      "hostname = \"a\"\r\n",
      "\n\n# x\n",
      "",
      "\xef\xbb\xbf# x\n",
      "[log]\nformat = \"json\" # y\n# z\n[smtpd]\n",
      "log.format = \"json\"\n",
      "[[route]]\nmatch = \"a\"\nvia = \"mx\"",
  }));
  const auto [name, value] = GENERATE(table<std::string, std::string>(
      {{"log.level", "\"info\""}, {"smtpd.workers", "4"}, {"paths.run", "'''\nx'''"}}));
  CAPTURE(text, name);
  CHECK(unset(set(text, name, value), name) == text);
}

TEST_CASE("config edit: what is taken out leaves its comment", "[config]") {
  CHECK(unset("[smtpd]\n  workers = 4 # why\n", "smtpd.workers") == "[smtpd]\n  # why\n");
  CHECK(unset("[smtpd]\n# before\nworkers = 4\n# behind\n", "smtpd.workers") ==
        "[smtpd]\n# before\n# behind\n");
  CHECK(unset("hostname = \"a\"\n# x\n", "hostname") == "# x\n");
  CHECK(unset("# x\r\nhostname = \"a\"\r\n", "hostname") == "# x\r\n");
}

TEST_CASE("config edit: what cannot be edited without loss is refused with its line", "[config]") {
  const auto [text, why] = GENERATE(table<std::string, std::string>({
      {"hostname = \"a\"\nqueue = { lifetime = \"4d\" }\n",
       "line 2: the section is an inline table"},
      {"[queue]\nretry_schedule = [\n  \"5m\", # first\n]\n", "line 2: the value has comments"},
  }));
  CAPTURE(text);
  CHECK(set(text, "queue.retry_schedule", "[]").starts_with("refused: " + why));
  CHECK(unset(text, "queue.retry_schedule").starts_with("refused: " + why));
}

TEST_CASE("config edit: tables of which there are many are refused", "[config]") {
  const auto name = GENERATE(values<std::string>({"route", "tls_policy", "destination"}));
  CHECK(set("", name, "[]").starts_with("refused: " + name + " stands in [[" + name + "]] tables"));
  CHECK(unset("", name).starts_with("refused: " + name));
}

TEST_CASE("config edit: a file that is no TOML is not edited", "[config]") {
  CHECK(set("hostname = \n", "log.level", "\"info\"").starts_with("refused: "));
  CHECK(set("[log]\n[log]\n", "log.level", "\"info\"").starts_with("refused: "));
  CHECK(set("", "log.level", "\"info\" # x").starts_with("refused: log.level: is not one value"));
  CHECK(set("", "log.level", "1\na = 2").starts_with("refused: log.level: is not one value"));
  CHECK(unset("[log]\n", "log.level") == "refused: log.level: the file does not set it");
}

TEST_CASE("config edit: a key that is written with escapes is not set beside itself", "[config]") {
  CHECK(
      set("[log]\n\"l\\u0065vel\" = \"info\"\n", "log.level", "\"debug\"").starts_with("refused"));
}

TEST_CASE("config edit: a word is a string where one is wanted", "[config]") {
  const auto value = [](std::string_view name, std::string_view written) {
    return as_toml(*find_parameter(name), written);
  };
  CHECK(value("hostname", "mx.test") == "\"mx.test\"");
  CHECK(value("hostname", "\"mx.test\"") == "\"mx.test\"");
  CHECK(value("queue.lifetime", "4d") == "\"4d\"");
  CHECK(value("tls.min_version", "1.2") == "\"1.2\"");
  CHECK(value("relay.smarthost", "") == "\"\"");
  CHECK(value("paths.run", "a\"b") == "\"a\\\"b\"");
  CHECK(value("paths.run", "x # y") == "\"x # y\"");
  CHECK(value("smtpd.workers", "4") == "4");
  CHECK(value("smtpd.workers", "many") == "many");
  CHECK(value("relay.networks", "[\"::1\"]") == "[\"::1\"]");
}

TEST_CASE("config edit: where a parameter is set", "[config]") {
  const std::string_view text = "a = 1\n[smtpd]\n\nworkers = 2\n[[route]]\nhostname = 1\n";
  CHECK(line_of(text, "smtpd.workers") == 4);
  CHECK(line_of(text, "hostname") == 0);
  CHECK(line_of("smtpd = { workers = 1 }", "smtpd.workers") == 1);
}

}  // namespace config_edit_test

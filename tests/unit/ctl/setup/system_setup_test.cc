#include "ctl/setup/system_setup.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "common/config/load.h"
#include "tests/unit/temp_directory.h"

namespace ctl_setup_system_setup_test {

using namespace postrider;

namespace {

Result<config::Settings> loaded(const test::TempDirectory& folder, const std::string& text) {
  const std::string path = folder.path("postrider.toml");
  std::ofstream(path) << text;
  return config::load(path);
}

}  // namespace

TEST_CASE("system setup: the first configuration is one that the suite takes", "[setup]") {
  const test::TempDirectory folder;
  const auto settings = loaded(folder, ctl::first_configuration("mx.example.test", true));
  REQUIRE(settings);
  CHECK(settings->hostname == "mx.example.test");
  CHECK(settings->tls.certificate == folder.path("tls/certificate.pem"));
  CHECK(settings->smtpd.listen.size() == 7);  // three services of two families, and programs here
  CHECK(settings->pop3d.listen.size() == 4);
  CHECK(settings->metrics.listen == "127.0.0.1:8090");
}

TEST_CASE("system setup: a host without IPv6 listens without it", "[setup]") {
  const test::TempDirectory folder;
  const std::string text = ctl::first_configuration("mx.example.test", false);
  CHECK(text.find("[::]") == std::string::npos);
  const auto settings = loaded(folder, text);
  REQUIRE(settings);
  CHECK(settings->smtpd.listen.size() == 4);
  CHECK(settings->pop3d.listen.size() == 2);
}

TEST_CASE("system setup: an address that cannot be changes nothing", "[setup]") {
  const test::TempDirectory folder;
  for (const char* address : {"anna", "anna@", "@example.test", "anna@localhost", "a b@c.test"}) {
    ctl::SetupReport report;
    const auto done = ctl::set_up({address, "", folder.path("postrider.toml"), {}, false}, report);
    REQUIRE_FALSE(done);
    CHECK(done.error().kind == ErrorKind::invalid);
    CHECK(report.steps.empty());
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

}  // namespace ctl_setup_system_setup_test

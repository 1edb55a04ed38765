#include "smtpd/confinement.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace smtpd_confinement_test {

using namespace postrider;

namespace {

config::Settings settings() {
  config::Settings settings;
  settings.paths = {.spool = "/p/spool", .mail = "/p/mail", .data = "/p/data", .run = "/p/run"};
  settings.tls.certificate = "/p/tls/cert.pem";
  settings.tls.key = "/p/tls/key.pem";
  return settings;
}

bool has(const std::vector<std::string>& paths, const char* path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

}  // namespace

TEST_CASE("smtpd confinement: it writes the young spool, and has no mailbox", "[smtpd]") {
  const sandbox::Confinement may = smtpd::confinement(settings());
  CHECK(may.write == std::vector<std::string>{"/p/spool/incoming"});
  CHECK(may.share == std::vector<std::string>{"/p/run"});
  CHECK(has(may.read, "/p/data"));
  CHECK(has(may.read, "/p/tls"));
  for (const char* never : {"/p", "/p/mail", "/p/spool"}) CHECK_FALSE(has(may.read, never));
}

TEST_CASE("smtpd confinement: by TCP it reaches name servers alone", "[smtpd]") {
  config::Settings with = settings();
  with.dns.servers = {"127.0.0.1:20053"};
  const sandbox::Confinement may = smtpd::confinement(with);
  CHECK(may.speaks_to_network);
  CHECK(may.tcp_ports == std::vector<std::uint16_t>{53, 20053});
}

TEST_CASE("smtpd confinement: a certificate beside the mailboxes opens no door to them",
          "[smtpd]") {
  config::Settings with = settings();
  with.tls.certificate = "/p/cert.pem";
  const sandbox::Confinement may = smtpd::confinement(with);
  CHECK(has(may.read, "/p/cert.pem"));
  CHECK_FALSE(has(may.read, "/p"));
}

}  // namespace smtpd_confinement_test

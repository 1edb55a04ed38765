#include "deliverd/confinement.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace deliverd_confinement_test {

using namespace postrider;

namespace {

config::Settings settings() {
  config::Settings settings;
  settings.paths = {.spool = "/p/spool", .mail = "/p/mail", .data = "/p/data", .run = "/p/run"};
  settings.tls.ca_file = "/p/ca.pem";
  return settings;
}

bool has(const std::vector<std::string>& paths, const char* path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

}  // namespace

TEST_CASE("deliverd confinement: who writes mailboxes has no network", "[deliverd]") {
  const sandbox::Confinement may = deliverd::confinement(settings(), deliverd::Role::local);
  CHECK(may.write == std::vector<std::string>{"/p/mail"});
  CHECK_FALSE(may.speaks_to_network);
  CHECK_FALSE(may.accepts);
  for (const char* never : {"/p", "/p/spool", "/p/data"}) CHECK_FALSE(has(may.read, never));
}

TEST_CASE("deliverd confinement: who speaks to other servers has no mailbox", "[deliverd]") {
  const sandbox::Confinement may = deliverd::confinement(settings(), deliverd::Role::remote);
  CHECK(may.write.empty());
  CHECK(may.speaks_to_network);
  CHECK(may.tcp_ports.empty());
  CHECK_FALSE(may.accepts);
  CHECK(has(may.read, "/p/ca.pem"));
  for (const char* never : {"/p", "/p/mail", "/p/spool", "/p/data"})
    CHECK_FALSE(has(may.read, never));
}

}  // namespace deliverd_confinement_test

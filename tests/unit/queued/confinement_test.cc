#include "queued/confinement.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace queued_confinement_test {

using namespace postrider;

TEST_CASE("queued confinement: it has the spool, no mailbox, and no network", "[queued]") {
  config::Settings settings;
  settings.paths = {.spool = "/p/spool", .mail = "/p/mail", .data = "/p/data", .run = "/p/run"};
  const sandbox::Confinement may = queued::confinement(settings);
  CHECK(may.write == std::vector<std::string>{"/p/spool"});
  CHECK(may.accepts);
  CHECK_FALSE(may.speaks_to_network);
  for (const char* never : {"/p", "/p/mail"})
    CHECK(std::find(may.read.begin(), may.read.end(), never) == may.read.end());
}

}  // namespace queued_confinement_test

#include "pop3d/confinement.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace pop3d_confinement_test {

using namespace postrider;

TEST_CASE("pop3d confinement: it has the mailboxes, no spool, and no sockets of its own",
          "[pop3d]") {
  config::Settings settings;
  settings.paths = {.spool = "/p/spool", .mail = "/p/mail", .data = "/p/data", .run = "/p/run"};
  const sandbox::Confinement may = pop3d::confinement(settings);
  CHECK(may.write == std::vector<std::string>{"/p/mail"});
  CHECK(may.accepts);
  CHECK_FALSE(may.speaks_to_network);
  CHECK_FALSE(may.speaks_to_host);
  for (const char* never : {"/p", "/p/spool"})
    CHECK(std::find(may.read.begin(), may.read.end(), never) == may.read.end());
}

}  // namespace pop3d_confinement_test

// sqlite_credentials_proofs_test.cc - who proves to know a password without sending it: by SCRAM
// and APOP.
#include <optional>

#include <catch2/catch.hpp>

#include "tests/unit/directory/credentials_world.h"

namespace directory_sqlite_credentials_proofs_test {

using namespace postrider;
using namespace postrider::directory;
using namespace std::chrono_literals;
using testing::World;

TEST_CASE("sqlite credentials: SCRAM is answered on the next turn, without a hash, for all alike",
          "[directory]") {
  World world;
  for (const std::string_view address :
       {"anna@example.org", "bert@example.org", "nobody@example.org", "no address"}) {
    CAPTURE(address);
    bool answered = false;
    const auto pending =
        world.credentials.find_scram_keys(address, Service::smtp, [&](auto answer) {
          answered = answer.has_value();
          world.loop.stop();
        });
    CHECK_FALSE(answered);
    CHECK(world.pool.unfinished() == 0);
    world.loop.run();
    CHECK(answered);
  }
}

TEST_CASE("sqlite credentials: for SCRAM an unknown user looks as any other", "[directory]") {
  World world;
  const ScramAnswer anna = world.scram("anna@example.org");
  const ScramAnswer nobody = world.scram("nobody@example.org");
  CHECK(nobody.user.keys.empty());
  CHECK(nobody.user.salt.size() == anna.user.salt.size());
  CHECK(nobody.user.salt != anna.user.salt);
  CHECK(nobody.user.iterations == anna.user.iterations);
  CHECK(anna.user.iterations >= 4096);  // RFC 7677 section 4
  // After a restart as well, and whatever the case.
  event::WorkerPool pool(world.loop, 1);
  SqliteCredentials later(world.loop, pool, world.verified, world.clock,
                          world.temporary.path("d.db"));
  std::optional<ScramAnswer> again;
  const auto pending = later.find_scram_keys("Nobody@example.ORG", Service::smtp, [&](auto found) {
    again = std::move(*found);
    world.loop.stop();
  });
  world.loop.run();
  CHECK(again->user.salt == nobody.user.salt);
}

TEST_CASE("sqlite credentials: a password set before SCRAM was known is good without it",
          "[directory][slow]") {
  World world;
  auto database = sqlite::Database::open(world.temporary.path("d.db"), sqlite::Access::write);
  REQUIRE(database->execute("UPDATE users SET scram = x''"));
  CHECK(world.log_in("anna@example.org", "secret").accepted);
  CHECK(world.prove("anna@example.org", "secret").reason ==
        "the password was set before SCRAM was known; set it anew");
}

TEST_CASE("sqlite credentials: APOP refuses all who have no secret for it alike", "[directory]") {
  World world;
  for (const std::string_view address :
       {"anna@example.org", "bert@example.org", "nobody@example.org", "no address"}) {
    CAPTURE(address);
    std::optional<Result<LoginAnswer>> answer;
    const auto pending = world.credentials.verify_apop(address, "<1@mx.test>", std::string(32, '0'),
                                                       [&](Result<LoginAnswer> judged) {
                                                         answer = std::move(judged);
                                                         world.loop.stop();
                                                       });
    CHECK_FALSE(answer);
    CHECK(world.pool.unfinished() == 0);
    world.loop.run();
    REQUIRE(answer->has_value());
    CHECK_FALSE((*answer)->accepted);
    CHECK((*answer)->reason == "there is no secret for APOP of that user");
  }
}

TEST_CASE("sqlite credentials: APOP admits who proves the secret made for it", "[directory]") {
  World world;
  REQUIRE(world.editor.enable_apop("anna@example.org"));
  // The example of RFC 1939 section 7.
  auto database = sqlite::Database::open(world.temporary.path("d.db"), sqlite::Access::write);
  REQUIRE(database->execute("UPDATE apop_secrets SET secret = 'tanstaaf'"));
  const auto judge = [&](std::string_view digest) {
    LoginAnswer answer;
    const auto pending =
        world.credentials.verify_apop("Anna@example.org", "<1896.697170952@dbc.mtview.ca.us>",
                                      digest, [&](Result<LoginAnswer> judged) {
                                        answer = std::move(*judged);
                                        world.loop.stop();
                                      });
    world.loop.run();
    return answer;
  };
  CHECK(judge("c4c9334bac560ecc979e58001b3e22fb").mailbox == "anna@example.org");
  CHECK_FALSE(judge("c4c9334bac560ecc979e58001b3e22fc").accepted);
  REQUIRE(world.editor.change_user("anna@example.org",
                                   [](UserSettings& user) { user.disabled = true; }));
  world.wait(WatchedDatabase::kRecheck);
  CHECK(judge("c4c9334bac560ecc979e58001b3e22fb").reason == "the user is disabled");
}

}  // namespace directory_sqlite_credentials_proofs_test

#include "common/directory/verified_passwords.h"

#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include <catch2/catch.hpp>

namespace directory_verified_passwords_test {

using namespace postrider;
using namespace std::chrono_literals;
using directory::VerifiedPasswords;

TEST_CASE("verified passwords: each of password and hash counts", "[directory]") {
  VerifiedPasswords verified;
  const auto digest = verified.digest("hash", Secret("secret"));
  CHECK_FALSE(verified.knows(digest, 0us));
  verified.note(digest, 0us);
  CHECK(verified.knows(digest, 1us));
  CHECK_FALSE(verified.knows(verified.digest("hash", Secret("secreu")), 1us));
  CHECK_FALSE(verified.knows(verified.digest("hasi", Secret("secret")), 1us));
  // The same octets one after the other.
  CHECK_FALSE(verified.knows(verified.digest("hashs", Secret("ecret")), 1us));
  // With another daemon's secret.
  CHECK(VerifiedPasswords().digest("hash", Secret("secret")) != digest);
}

TEST_CASE("verified passwords: one is kept as long as it is given now and then", "[directory]") {
  VerifiedPasswords verified;
  const auto digest = verified.digest("hash", Secret("secret"));
  auto now = std::chrono::microseconds(10s);
  verified.note(digest, now);
  for (int i = 0; i < 5; ++i) {
    now += VerifiedPasswords::kKept - 1s;
    CHECK(verified.knows(digest, now));
  }
  // Of another worker, whose turn began earlier.
  CHECK(verified.knows(digest, now - 2s));
  CHECK_FALSE(verified.knows(digest, now + VerifiedPasswords::kKept));
}

TEST_CASE("verified passwords: when a set is full, what was given longest ago is forgotten",
          "[directory]") {
  VerifiedPasswords verified;
  const std::uint64_t set = 5;
  const auto one = [&](std::uint64_t i) {
    return VerifiedPasswords::Digest{set + i * VerifiedPasswords::kSets, i};
  };
  for (std::uint64_t i = 0; i < VerifiedPasswords::kPlaces; ++i)
    verified.note(one(i), std::chrono::seconds(i));
  CHECK(verified.knows(one(0), 100s));
  verified.note(one(VerifiedPasswords::kPlaces), 101s);
  CHECK(verified.knows(one(0), 102s));
  CHECK_FALSE(verified.knows(one(1), 102s));
  CHECK(verified.knows(one(VerifiedPasswords::kPlaces), 102s));
}

TEST_CASE("verified passwords: what one worker has verified the others know", "[directory]") {
  VerifiedPasswords verified;
  const auto digest = verified.digest("hash", Secret("secret"));
  const pid_t worker = ::fork();
  if (worker == 0) {
    verified.note(digest, 0us);
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(worker, &status, 0) == worker);
  CHECK(status == 0);
  CHECK(verified.knows(digest, 1us));
}

}  // namespace directory_verified_passwords_test

#include "common/directory/password.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::directory;

TEST_CASE("directory password: a hash fits its own password, octet for octet", "[directory]") {
  const std::string_view octets("p\0ss", 4);
  const auto hash = hash_password(Secret(std::string(octets)));
  REQUIRE(hash);
  CHECK(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  CHECK(password_fits(*hash, Secret(std::string(octets))).value());
  CHECK_FALSE(password_fits(*hash, Secret("p")).value());
  CHECK_FALSE(password_fits(*hash, Secret("")).value());
}

TEST_CASE("directory password: two hashes of one password differ", "[directory]") {
  CHECK(hash_password(Secret("same")).value() != hash_password(Secret("same")).value());
}

TEST_CASE("directory password: no hash fits nothing; what is no hash is an error", "[directory]") {
  CHECK_FALSE(password_fits("", Secret("")).value());
  CHECK_FALSE(password_fits("", Secret("any")).value());
  for (const char* hash : {"x", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$"})
    CHECK_FALSE(password_fits(hash, Secret("any")).value_or(false));
}

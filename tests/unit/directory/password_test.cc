#include "common/directory/password.h"

#include <algorithm>
#include <ctime>
#include <limits>

#include <catch2/catch.hpp>

namespace directory_password_test {

using namespace postrider;
using namespace postrider::directory;

TEST_CASE("directory password: a hash fits its own password, octet for octet",
          "[directory][slow]") {
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
  const std::string hash = GENERATE(
      "x", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$", "$1$salt$abc",
      "$2y$05$abcdefghijklmnopqrstuuDDQuyxPmXWIxwDHLTvHFbmU2Xj.Ygpm", "{SHA512-CRYPT}$6$salt$abc");
  CAPTURE(hash);
  CHECK_FALSE(is_password_hash(hash));
  const auto verdict = password_fits(hash, Secret("any"));
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error().kind == ErrorKind::invalid);
  CHECK(verdict.error().text.find(hash) == std::string::npos);
}

TEST_CASE("directory password: another program's argon2 hash may be longer than ours",
          "[directory]") {
  // 64 octets of the password "secret".
  const std::string hash =
      "$argon2id$v=19$m=8192,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$5NsH4gkW/"
      "7LkjHAjZfNRXhhXHfTzVboqCjDlfo5Q"
      "ITtwuoxemaI0OHt2QAr96xjnFvnSHj0vPZLsCKgj74EImA";
  CHECK(is_password_hash(hash));
  CHECK(password_fits(hash, Secret("secret")).value());
  CHECK_FALSE(password_fits(hash, Secret("secreu")).value());
  CHECK_FALSE(is_password_hash("$6$" + std::string(200, 'a')));
}

TEST_CASE("directory password: a hash that cannot be read, or costs too much, is none",
          "[directory]") {
  const std::string salt = "kcByz7bAztYIBqZV+AryGA";
  const std::string tag = "gw3MUP4ipvDVNoBTkvVwJxknCL2rZZLreQr6d57JknA";
  const auto hash = [&](const std::string& cost) { return cost + "$" + salt + "$" + tag; };
  CHECK(is_password_hash(hash("$argon2id$v=19$m=262144,t=10,p=4")));
  CHECK(is_password_hash(hash("$argon2i$v=19$m=8192,t=3,p=1")));
  for (const char* cost :
       {"$argon2id$v=19$m=262145,t=1,p=1", "$argon2id$v=19$m=8192,t=11,p=1",
        "$argon2id$v=19$m=8192,t=0,p=1", "$argon2id$v=19$m=8192,t=1,p=0",
        "$argon2id$v=19$m=8192,t=1,p=1025", "$argon2id$v=16$m=8192,t=1,p=1",
        "$argon2id$v=19$m=08192,t=1,p=1", "$argon2id$v=19$m=-1,t=1,p=1",
        "$argon2id$v=19$m=99999999999999999999,t=1,p=1", "$argon2d$v=19$m=8192,t=1,p=1"}) {
    CAPTURE(cost);
    CHECK_FALSE(is_password_hash(hash(cost)));
  }
  const std::string cost = "$argon2id$v=19$m=8192,t=1,p=1$";
  for (const std::string& parts :
       {salt, salt + "$", salt + "$" + tag + "=", "AAAA$" + tag, salt + "$AAAA",
        salt + "$" + tag + "$", "!" + salt + "$" + tag, salt + "$" + std::string(200, 'x')}) {
    CAPTURE(parts);
    CHECK_FALSE(is_password_hash(cost + parts));
  }
  CHECK_FALSE(is_password_hash("$argon2id$" + std::string(200, 'x')));
}

TEST_CASE("directory password: a hash of another cost is one", "[directory]") {
  const auto hash = hash_password(Secret("any"));
  CHECK(is_password_hash(*hash));
  // 8 MiB and one pass.
  CHECK(
      is_password_hash("$argon2id$v=19$m=8192,t=1,p=1$kcByz7bAztYIBqZV+AryGA$"
                       "gw3MUP4ipvDVNoBTkvVwJxknCL2rZZLreQr6d57JknA"));
}

namespace {

// The least processor time of some attempts, as those that were disturbed take longer.
std::clock_t cost_of_refusal(const std::string& hash) {
  std::clock_t least = std::numeric_limits<std::clock_t>::max();
  for (int attempt = 0; attempt < 3; ++attempt) {
    const std::clock_t begin = std::clock();
    CHECK_FALSE(password_fits(hash, Secret("wrong")).value());
    least = std::min(least, std::clock() - begin);
  }
  return least;
}

}  // namespace

TEST_CASE("directory password: that there is none takes as long to find as that it is wrong",
          "[directory][slow]") {
  const std::clock_t wrong = cost_of_refusal(hash_password(Secret("right")).value());
  const std::clock_t none = cost_of_refusal("");
  CHECK(none > wrong / 2);
  CHECK(none < wrong * 2);
}

}  // namespace directory_password_test

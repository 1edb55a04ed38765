#include "common/net/certificate_facts.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "common/net/certificate.h"
#include "tests/unit/temp_directory.h"

namespace net_certificate_facts_test {

using namespace postrider;
using namespace postrider::net;

TEST_CASE("certificate facts: one of our own is for its host, signed by itself, for years",
          "[net]") {
  const test::TempDirectory folder;
  const auto made = make_self_signed("mx.example.test");
  REQUIRE(made);
  const std::string path = folder.path("certificate.pem");
  std::ofstream(path) << made->certificate;
  const auto facts = read_certificate_facts(path, "mx.example.test");
  REQUIRE(facts);
  CHECK(facts->is_for_host);
  CHECK(facts->is_self_signed);
  const auto left = facts->expiry - SystemClock().now();
  CHECK(left > std::chrono::hours(24 * (kSelfSignedDays - 1)));
  CHECK(left <= std::chrono::hours(24 * kSelfSignedDays));
  CHECK_FALSE(read_certificate_facts(path, "www.example.test")->is_for_host);
}

TEST_CASE("certificate facts: a key that is there gets a certificate of its own", "[net]") {
  const auto first = make_self_signed("mx.example.test");
  REQUIRE(first);
  const auto second = make_self_signed("mx.example.test", first->key);
  REQUIRE(second);
  CHECK(second->key == first->key);
  CHECK(second->certificate != first->certificate);
  CHECK_FALSE(make_self_signed("mx.example.test", "no key"));
}

TEST_CASE("certificate facts: a file without a certificate says so", "[net]") {
  const test::TempDirectory folder;
  const std::string path = folder.path("certificate.pem");
  CHECK(read_certificate_facts(path, "a.test").error().kind == ErrorKind::not_found);
  std::ofstream(path) << "-----BEGIN CERTIFICATE-----\nMIIB\n";
  CHECK(read_certificate_facts(path, "a.test").error().kind == ErrorKind::invalid);
}

}  // namespace net_certificate_facts_test

#include "common/directory/credential_cache.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::directory;
using namespace std::chrono_literals;

namespace {

LoginAnswer accepted(std::string mailbox) {
  return {.accepted = true, .mailbox = std::move(mailbox)};
}

}  // namespace

TEST_CASE("credential cache: each of user, service and password counts", "[directory]") {
  CredentialCache cache(10);
  const std::string key = cache.key("anna@a.test", Service::smtp, Secret("secret"));
  cache.keep(key, accepted("anna@a.test"), 0us, 1h);
  REQUIRE(cache.find(key, 1us) != nullptr);
  CHECK(cache.find(key, 1us)->mailbox == "anna@a.test");
  CHECK(key.find("secret") == std::string::npos);
  for (const std::string& other :
       {cache.key("anna@a.test", Service::smtp, Secret("secreu")),
        cache.key("anna@a.test", Service::pop3, Secret("secret")),
        cache.key("bert@a.test", Service::smtp, Secret("secret")),
        // The same octets one after the other.
        cache.key("anna@a.tes", Service::smtp, Secret("tsecret")),
        // With another process's secret.
        CredentialCache(10).key("anna@a.test", Service::smtp, Secret("secret"))})
    CHECK(cache.find(other, 1us) == nullptr);
}

TEST_CASE("credential cache: nothing is kept beyond its time", "[directory]") {
  CredentialCache cache(10);
  cache.keep("long", accepted("a@a.test"), 10s, 24h);
  cache.keep("short", accepted("a@a.test"), 10s, 3s);
  CHECK(cache.find("short", 13s - 1us) != nullptr);
  CHECK(cache.find("short", 13s) == nullptr);
  CHECK(cache.find("long", 10s + CredentialCache::kLifetime - 1us) != nullptr);
  CHECK(cache.find("long", 10s + CredentialCache::kLifetime) == nullptr);
}

TEST_CASE("credential cache: holds at most two generations, and nothing once cleared",
          "[directory]") {
  CredentialCache cache(10);
  for (int i = 0; i < 100; ++i) {
    cache.keep(std::to_string(i), accepted("a@a.test"), 0us, 1h);
    REQUIRE(cache.size() <= 20);
  }
  CHECK(cache.find("99", 1us) != nullptr);
  cache.clear();
  CHECK(cache.size() == 0);
}

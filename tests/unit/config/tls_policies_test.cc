#include "common/config/tls_policies.h"

#include <catch2/catch.hpp>

namespace config_tls_policies_test {

using namespace postrider;
using namespace postrider::config;

namespace {

// The level of the policy for the destination, or "-".
std::string level_for(const std::vector<TlsPolicy>& policies, std::string_view destination) {
  const TlsPolicy* const policy = find_tls_policy(policies, destination);
  if (policy == nullptr) return "-";
  return policy->level == TlsLevel::verify ? "verify" : "encrypt";
}

}  // namespace

TEST_CASE("config tls policies: a name is for the domain, a dot for its subdomains, a star for all",
          "[config]") {
  const std::vector<TlsPolicy> policies{{"A.test", TlsLevel::verify},
                                        {".a.test", TlsLevel::encrypt},
                                        {"[192.0.2.1]", TlsLevel::verify},
                                        {"[2001:db8::1]", TlsLevel::encrypt}};
  const auto [destination, level] = GENERATE(table<std::string, std::string>({
      {"a.test", "verify"},
      {"a.TEST", "verify"},
      {"deep.a.test", "encrypt"},
      {"nota.test", "-"},
      {".a.test", "-"},
      {"test", "-"},
      {"", "-"},
      {"[192.0.2.1]", "verify"},
      {"[192.0.2.11]", "-"},
      {"[2001:db8::1]", "encrypt"},
  }));
  CAPTURE(destination);
  CHECK(level_for(policies, destination) == level);
  CHECK(level_for({{"*", TlsLevel::verify}}, destination) == "verify");
}

TEST_CASE("config tls policies: the first that matches counts", "[config]") {
  CHECK(level_for({{"a.test", TlsLevel::encrypt}, {"*", TlsLevel::verify}}, "a.test") == "encrypt");
  CHECK(level_for({{"*", TlsLevel::verify}, {"a.test", TlsLevel::encrypt}}, "a.test") == "verify");
  CHECK(level_for({}, "a.test") == "-");
}

TEST_CASE("config tls policies: what may stand behind destination and match", "[config]") {
  for (const char* destination : {"*", "a.test", ".a.test", "[192.0.2.1]", "[2001:db8::1]"})
    CHECK(is_tls_destination(destination));
  for (const char* destination : {"", ".", "*.a.test", "[]", "[a.test]", "[192.0.2.1", "192.0.2.1",
                                  "[2001:0db8::1]", "[IPv6:2001:db8::1]"})
    CHECK_FALSE(is_tls_destination(destination));
  for (const char* name : {"mx.a.test", ".a.test"}) CHECK(is_certificate_name(name));
  for (const char* name : {"", ".", "*", "*.a.test", "..a.test", "[192.0.2.1]", "192.0.2.1"})
    CHECK_FALSE(is_certificate_name(name));
}

}  // namespace config_tls_policies_test

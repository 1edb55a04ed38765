#include "common/base/domain_name.h"

#include <string>

#include <catch2/catch.hpp>

namespace base_domain_name_test {

using postrider::is_domain_name;

TEST_CASE("domain name: what is one", "[base]") {
  for (const std::string& name :
       {std::string("example.org"), std::string("MX-1.Example.ORG"), std::string("localhost"),
        std::string("xn--bcher-kva.example"), std::string("3com.com"), std::string("a.b.c.d.e"),
        std::string(63, 'a') + ".org"})
    CHECK(is_domain_name(name));
}

TEST_CASE("domain name: what is none", "[base]") {
  for (const std::string& name :
       {std::string(), std::string("."), std::string("example.org."), std::string(".example.org"),
        std::string("a..b"), std::string("-a.org"), std::string("a-.org"), std::string("a_b.org"),
        std::string("a b.org"),
        std::string("b\xc3\xbc"
                    "cher.example"),
        std::string("192.0.2.1"), std::string("[192.0.2.1]"), std::string("../x"),
        std::string("a\0b.org", 7), std::string(64, 'a') + ".org",
        std::string("a.") + std::string(252, 'b')})
    CHECK_FALSE(is_domain_name(name));
}

}  // namespace base_domain_name_test

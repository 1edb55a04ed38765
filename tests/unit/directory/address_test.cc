#include "common/directory/address.h"

#include <string>

#include <catch2/catch.hpp>

namespace directory_address_test {

using namespace postrider::directory;

TEST_CASE("directory address: split at the last @, in lower case", "[directory]") {
  const auto address = split_address("A@b@Example.ORG");
  REQUIRE(address);
  CHECK(address->local == "a@b");
  CHECK(address->domain == "example.org");
  CHECK_FALSE(split_address("nobody"));
}

TEST_CASE("directory address: an internationalized domain has A-labels", "[directory]") {
  CHECK(split_address("Anna@B\xc3\x9c.Test")->str() == "anna@xn--b-eha.test");
  CHECK(parse_mailbox_address("anna@b\xc3\xbc.test")->str() == "anna@xn--b-eha.test");
  CHECK(*parse_domain("b\xc3\xbc.test") == "xn--b-eha.test");
  // What cannot be one is nobody's.
  for (const std::string& domain : {std::string("b\xff.test"), "\xc3\xbc." + std::string(300, 'a'),
                                    std::string("\xf0\x9f\x93\xac.test")}) {
    CHECK(split_address("a@" + domain)->domain == domain);
    CHECK_FALSE(parse_domain(domain));
  }
}

TEST_CASE("directory address: the tag begins at the first + that is not the first letter",
          "[directory]") {
  CHECK(without_tag("user+tag+more") == "user");
  CHECK(without_tag("user") == "user");
  CHECK(without_tag("user+") == "user");
  CHECK(without_tag("+tag") == "+tag");
  CHECK(without_tag("").empty());
}

TEST_CASE("directory address: a mailbox's name is safe as a folder's", "[directory]") {
  CHECK(parse_mailbox_address("Anna.B-c_d=1@Example.org")->str() == "anna.b-c_d=1@example.org");
  CHECK(parse_mailbox_address(std::string(64, 'a') + "@example.org"));
  for (const std::string& text :
       {std::string("anna"), std::string("@example.org"), std::string("anna@"),
        std::string("../x@example.org"), std::string("a/b@example.org"),
        std::string(".a@example.org"), std::string("a.@example.org"),
        std::string("a..b@example.org"), std::string("-a@example.org"),
        std::string("a+b@example.org"), std::string("a b@example.org"),
        std::string("a@b@example.org"), std::string("a\0b@example.org", 15),
        std::string("\xc3\xa4@example.org"), std::string("a@example..org"),
        std::string("a@192.0.2.1"), std::string(65, 'a') + "@example.org"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_mailbox_address(text));
  }
}

TEST_CASE("directory address: aliases are dot-atoms or all of a domain", "[directory]") {
  CHECK(parse_alias_address("Sales+EU@Example.org")->str() == "sales+eu@example.org");
  CHECK(parse_alias_address("@Example.org")->str() == "@example.org");
  CHECK(parse_target_address("Jo/Q.Public@Example.com")->str() == "Jo/Q.Public@example.com");
  CHECK_FALSE(parse_alias_address(".a@example.org"));
  CHECK_FALSE(parse_alias_address("a(b)@example.org"));
  CHECK_FALSE(parse_target_address("@example.org"));
  CHECK_FALSE(parse_target_address("|/bin/sh@example.org "));
}

}  // namespace directory_address_test

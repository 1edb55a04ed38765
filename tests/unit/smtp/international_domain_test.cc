#include "common/smtp/international_domain.h"

#include <catch2/catch.hpp>

namespace smtp_international_domain_test {

using postrider::smtp::to_a_labels;

TEST_CASE("smtp international domain: U-labels become A-labels", "[smtp]") {
  const auto [domain, labels] = GENERATE(table<std::string, std::string>({
      {"b\xc3\xbc.test", "xn--b-eha.test"},
      {"B\xc3\x9c.Test", "xn--b-eha.test"},
      {"xn--b-eha.test", "xn--b-eha.test"},
      {"\xe6\x9d\x8e.\xe4\xbe\x8b.test", "xn--7qv.xn--fsq.test"},
      {"stra\xc3\x9f"
       "e.test",
       "xn--strae-oqa.test"},
      {"a\xe3\x80\x82test", "a.test"},
  }));
  CAPTURE(domain);
  CHECK(to_a_labels(domain) == labels);
}

TEST_CASE("smtp international domain: what is no domain is none", "[smtp]") {
  const auto domain = GENERATE(values<std::string>({
      "",
      "b\xc3\xbc..test",
      "-\xc3\xbc.test",
      "\xff.test",
      "\xf0\x9f\x93\xac.test",  // a symbol is no letter
      "\xcc\x81"
      "a.test",  // begins with a combining mark
      "a\xe2\x80\xa8"
      "b.test",  // a line separator
      std::string("b\xc3\xbc\0.test", 9),
      std::string(300, 'a'),
  }));
  CAPTURE(domain);
  CHECK_FALSE(to_a_labels(domain));
}

}  // namespace smtp_international_domain_test

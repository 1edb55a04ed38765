#include "common/message/address_list.h"

#include <catch2/catch.hpp>

namespace message_address_list_test {

using postrider::message::addresses_in;
using Strings = std::vector<std::string>;

TEST_CASE("address list: addresses without names, comments and groups", "[message]") {
  struct Case {
    std::string_view value;
    Strings addresses;
  };
  const Case cases[] = {
      {"", {}},
      {" , ,", {}},
      {"anna@example.org", {"anna@example.org"}},
      {"anna@example.org,bert@example.org ; carl",
       {"anna@example.org", "bert@example.org", "carl"}},
      {"Anna B. <anna@example.org>, <bert@example.org>", {"anna@example.org", "bert@example.org"}},
      {"\"B, Anna <x@y>\" <anna@example.org>", {"anna@example.org"}},
      {"\"a, \\\"b\"@example.org", {"\"a, \\\"b\"@example.org"}},
      {"anna@example.org (Anna, (the \\) first))", {"anna@example.org"}},
      {"Friends: anna@example.org, Bert <bert@example.org>;, carl@example.org",
       {"anna@example.org", "bert@example.org", "carl@example.org"}},
      {"undisclosed-recipients:;", {}},
      {"anna @ example.org", {"anna@example.org"}},
      // Cut short: no octet is read that is not there.
      {"<anna@example.org", {"anna@example.org"}},
      {"\"anna", {"\"anna"}},
      {"\"anna\\", {"\"anna\\"}},
      {"(anna", {}},
      {"(anna\\", {}},
      {"<", {}},
      {"\"", {"\""}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.value);
    CHECK(addresses_in(c.value) == c.addresses);
  }
}

}  // namespace message_address_list_test

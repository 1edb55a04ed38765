#include "common/message/mailbox_list.h"

#include <catch2/catch.hpp>

namespace message_mailbox_list_test {

using postrider::message::parse_mailbox_list;
using Strings = std::vector<std::string>;

TEST_CASE("mailbox list: the addresses without names and comments", "[message]") {
  const auto [value, addresses] = GENERATE(table<std::string, Strings>({
      {"anna@a.test", {"anna@a.test"}},
      {"Anna B. Celler <anna@a.test>", {"anna@a.test"}},
      {"\"B, <x@y> \\\" Anna\" <anna@a.test>", {"anna@a.test"}},
      {" , <anna@a.test> ,, bert@b.test (his (other) \\) name) ,", {"anna@a.test", "bert@b.test"}},
      {"=?utf-8?q?J=C3=BCrgen?= <j@a.test>", {"j@a.test"}},
      {"J\xc3\xbcrgen <j\xc3\xbcrgen@b\xc3\xbc.test>", {"j\xc3\xbcrgen@b\xc3\xbc.test"}},
      {"\"an na\"@a.test", {"\"an na\"@a.test"}},
      {"anna@[192.0.2.1]", {"anna@[192.0.2.1]"}},
      {"<(c) anna (c) @ (c) a.test (c)>", {"anna@a.test"}},
      {"<\tanna@a.test>", {"anna@a.test"}},
  }));
  CAPTURE(value);
  const auto read = parse_mailbox_list(value);
  REQUIRE(read);
  CHECK(*read == addresses);
}

TEST_CASE("mailbox list: what two programs could read as two people is nobody", "[message]") {
  const auto value = GENERATE(values<std::string>({
      "",
      " , ",
      "nobody:;",
      "eve@a.test: anna@a.test",
      "<eve@a.test> <anna@a.test>",
      "eve@a.test <>, anna@a.test",
      "anna@a.test (<eve@a.test>",
      "anna@a.test (, eve@a.test",
      "anna@a.test )",
      "eve@a.test <anna@a.test>",
      "<anna@a.test> eve@a.test",
      "anna+ eve@a.test",
      "anna @a.test b",
      "anna@a.test eve@a.test",
      "anna@a.test;eve@a.test",
      "Anna anna@a.test",
      "Anna",
      "@a.test",
      "anna@",
      "<@b.test:anna@a.test>",
      "<anna@a.test",
      "anna@a.test>",
      "\"anna@a.test",
      "\"anna\\",
      "anna@[192.0.2.1",
      "anna+=?utf-8?b?eA==?=@a.test",
      "Anna\v <anna@a.test>",
      std::string("anna@a.test\0", 12),
      "anna@a.test\r",
      "a@b@c",
  }));
  CAPTURE(value);
  CHECK_FALSE(parse_mailbox_list(value));
}

}  // namespace message_mailbox_list_test

#include "common/smtp/address.h"

#include <catch2/catch.hpp>

namespace smtp_address_test {

using namespace postrider::smtp;

namespace {

struct Accepted {
  std::string_view text;
  std::string_view local_part;
  std::string_view domain;
  std::string_view written;  // what str() gives
};

}  // namespace

TEST_CASE("smtp address: a mailbox is taken apart and written again", "[smtp]") {
  const auto row = GENERATE(values<Accepted>({
      {"a@b", "a", "b", "a@b"},
      {"John.Doe+tag@Example.ORG", "John.Doe+tag", "Example.ORG", "John.Doe+tag@Example.ORG"},
      {"\"John\"@x.test", "John", "x.test", "John@x.test"},
      {"\"a b\"@x.test", "a b", "x.test", "\"a b\"@x.test"},
      {"\"a@b\"@x.test", "a@b", "x.test", "\"a@b\"@x.test"},
      {"\"\\a\\\"\\\\\"@x.test", "a\"\\", "x.test", "\"a\\\"\\\\\"@x.test"},
      {"\"\"@x.test", "", "x.test", "\"\"@x.test"},
      {"\"a.\"@x.test", "a.", "x.test", "\"a.\"@x.test"},
      {"a@[192.0.2.1]", "a", "[192.0.2.1]", "a@[192.0.2.1]"},
      {"a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"},
      {"!#$%&'*+-/=?^_`{|}~@x-y.0", "!#$%&'*+-/=?^_`{|}~", "x-y.0", "!#$%&'*+-/=?^_`{|}~@x-y.0"},
  }));
  CAPTURE(row.text);
  const auto mailbox = parse_mailbox(row.text);
  REQUIRE(mailbox);
  CHECK(mailbox->local_part == row.local_part);
  CHECK(mailbox->domain == row.domain);
  CHECK(mailbox->str() == row.written);
  CHECK(parse_mailbox(mailbox->str()) == mailbox);
}

TEST_CASE("smtp address: what is no mailbox is refused", "[smtp]") {
  const auto* const text =
      GENERATE("", "a", "@b", "a@", "a@b.", "a@.b", "a@b..c", ".a@b", "a.@b", "a..b@c", "a b@c",
               "a@b c", "a@-b", "a@b-", "a@b_c", "\"a@b", "a\"@b", "\"a\"b@c", "\"a\\\"@b", "a@@b",
               "<a@b>", "a@b>", "a@[192.0.2]", "a@[192.0.2.256]", "a@[192.0.2.1", "a@[2001:db8::1]",
               "a@[IPv6:192.0.2.1]", "a@[IPv6:2001:db8::g]", "a@[]", "a@[Foo:bar]", "a(comment)@b",
               "a@b\r\n", "\"a\tb\"@c", "\xc3\xa9@x.test", "a@\xc3\xa9.test");
  CAPTURE(text);
  CHECK_FALSE(parse_mailbox(text));
}

TEST_CASE("smtp address: UTF-8 is accepted where it is asked for, and only well formed", "[smtp]") {
  CHECK(parse_mailbox("\xc3\xa9@\xe4\xbe\x8b.test", Charset::utf8));
  CHECK(parse_mailbox("\"\xf0\x9f\x93\xa7 x\"@x.test", Charset::utf8));
  const auto* const malformed = GENERATE("\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                                         "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xa9");
  CHECK_FALSE(parse_mailbox(std::string(malformed) + "@x.test", Charset::utf8));
  CHECK_FALSE(parse_mailbox("a@" + std::string(malformed) + ".test", Charset::utf8));
}

TEST_CASE("smtp address: the sizes of RFC 5321 section 4.5.3.1 hold to the octet", "[smtp]") {
  const auto label = [](std::size_t n) { return std::string(n, 'd'); };
  CHECK(parse_mailbox(std::string(64, 'a') + "@b"));
  CHECK_FALSE(parse_mailbox(std::string(65, 'a') + "@b"));
  CHECK(parse_mailbox("a@" + label(63)));
  CHECK_FALSE(parse_mailbox("a@" + label(64)));
  const std::string domain = label(63) + "." + label(63) + "." + label(63) + "." + label(63);
  CHECK(is_domain(domain));
  CHECK_FALSE(is_domain(domain + ".d"));
  CHECK(parse_mailbox("a@" + domain.substr(0, kMaxMailbox - 2)));
  CHECK_FALSE(parse_mailbox("a@" + domain));

  const auto path_of = [&](std::size_t octets) {
    const std::string rest = "@" + label(63) + "." + label(63) + "." + label(61) + ">";
    return "<" + std::string(octets - rest.size() - 1, 'a') + rest;
  };
  const std::string longest = path_of(kMaxPath);
  std::string_view input = longest;
  CHECK(take_forward_path(input));
  const std::string longer = "<@a,@b:" + longest.substr(1);
  input = longer;
  CHECK_FALSE(take_forward_path(input));
}

TEST_CASE("smtp address: a path ends at its own bracket, and a source route is dropped", "[smtp]") {
  struct Row {
    std::string_view text;
    std::string_view written;
    std::string_view rest;
  };
  const auto row = GENERATE(values<Row>({
      {"<a@b> SIZE=1", "a@b", " SIZE=1"},
      {"<\"a>b\"@c>", "\"a>b\"@c", ""},
      {"<@relay.test,@other.test:a@b>x", "a@b", "x"},
  }));
  std::string_view input = row.text;
  const auto mailbox = take_forward_path(input);
  REQUIRE(mailbox);
  CHECK(mailbox->str() == row.written);
  CHECK(input == row.rest);
}

TEST_CASE("smtp address: <> is a reverse-path and <postmaster> a forward-path", "[smtp]") {
  const auto reverse = [](std::string_view text) { return take_reverse_path(text); };
  const auto forward = [](std::string_view text) { return take_forward_path(text); };
  REQUIRE(reverse("<>"));
  CHECK(reverse("<>")->is_null());
  CHECK(reverse("<>")->str().empty());
  CHECK_FALSE(reverse("<postmaster>"));
  CHECK_FALSE(forward("<>"));
  REQUIRE(forward("<PostMaster>"));
  CHECK(forward("<PostMaster>")->str() == "postmaster");
  CHECK(forward("<postmaster@b>")->str() == "postmaster@b");
  const auto* const wrong =
      GENERATE("", "a@b", "<a@b", "<a@b x>", "< a@b>", "<@a@b>", "<@a:>", "<@a,b:c@d>", "<a>");
  CHECK_FALSE(reverse(wrong));
  CHECK_FALSE(forward(wrong));
}

TEST_CASE("smtp address: domains and address literals are told from other words", "[smtp]") {
  CHECK(is_domain("mx.example.test"));
  CHECK_FALSE(is_domain("mx.example.test "));
  CHECK_FALSE(is_domain(""));
  CHECK(is_address_literal("[192.0.2.1]"));
  CHECK_FALSE(is_address_literal("192.0.2.1"));
  CHECK_FALSE(is_address_literal("[192.0.2.1]x"));
}

}  // namespace smtp_address_test

#include "ctl/ban_name.h"

#include <catch2/catch.hpp>

namespace ctl_ban_name_test {

using namespace postrider;
using ctl::parse_ban_name;
using limits::BanKind;

TEST_CASE("ban name: an address, the /64 around one, an account", "[ctl]") {
  struct Row {
    const char* text;
    BanKind kind;
    const char* name;
  };
  const auto row = GENERATE(values<Row>({
      {"192.0.2.1", BanKind::address, "192.0.2.1"},
      {"192.0.2.1/32", BanKind::address, "192.0.2.1"},
      {"2001:db8::1", BanKind::address, "2001:db8::/64"},
      {"2001:db8::/64", BanKind::address, "2001:db8::/64"},
      {"Anna@Here.test", BanKind::account, "anna@here.test"},
      {"anna@B\xc3\x9c.test", BanKind::account, "anna@xn--b-eha.test"},
      {"anna/home@here.test", BanKind::account, "anna/home@here.test"},
  }));
  CAPTURE(row.text);
  const auto named = parse_ban_name(row.text);
  REQUIRE(named);
  CHECK(named->kind == row.kind);
  CHECK(named->name == row.name);
}

TEST_CASE("ban name: what is banned neither as an address nor as an account is refused", "[ctl]") {
  const std::string text =
      GENERATE("10.0.0.0/8", "192.0.2.0/24", "192.0.2.1/24", "192.0.2.1/", "192.0.2.1/x",
               "2001:db8::/32", "2001:db8::1/128", "2001:db8::1/64", "192.0.2.300", "anna", "anna@",
               "@here.test", "a b@here.test", "");
  CAPTURE(text);
  const auto named = parse_ban_name(text);
  REQUIRE_FALSE(named);
  CHECK(named.error().kind == ErrorKind::invalid);
  CHECK(named.error().text.starts_with(text + ": "));
}

}  // namespace ctl_ban_name_test

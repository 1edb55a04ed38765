#include "common/directory/app_password.h"

#include <set>

#include <catch2/catch.hpp>

namespace directory_app_password_test {

using namespace postrider;
using namespace postrider::directory;

TEST_CASE("app password: each is new, and found by its first group", "[directory]") {
  std::set<std::string> seen;
  std::set<char> letters;
  for (int i = 0; i < 200; ++i) {
    const Secret made = new_app_password();
    const std::string text(made.reveal());
    CAPTURE(text);
    REQUIRE(selector_of(text) == text.substr(0, 5));
    seen.insert(text);
    letters.insert(text.begin(), text.end());
  }
  CHECK(seen.size() == 200);
  CHECK(letters.size() == 33);  // 32, and the hyphen
}

TEST_CASE("app password: what has not its form has no selector", "[directory]") {
  CHECK(selector_of("k3v7d-mq2xh-b6wny-t5zfa") == "k3v7d");
  for (const char* text :
       {"", "k3v7d", "k3v7d-mq2xh-b6wny-t5zf", "k3v7d-mq2xh-b6wny-t5zfaa",
        "K3v7d-mq2xh-b6wny-t5zfa", "k3v7d-mq2xh-b6wny-t5zf0", "k3v7d-mq2xh-b6wny_t5zfa",
        "k3v7d-mq2xhb-6wny-t5zfa", "k3v7d mq2xh b6wny t5zfa"}) {
    CAPTURE(text);
    CHECK_FALSE(selector_of(text));
  }
}

TEST_CASE("app password: scopes", "[directory]") {
  for (const char* text : {"smtp", "pop3", "smtp,pop3"}) CHECK(parse_scope(text)->str() == text);
  CHECK(parse_scope("pop3,smtp,pop3")->str() == "smtp,pop3");
  CHECK(parse_scope("smtp")->covers(Service::smtp));
  CHECK_FALSE(parse_scope("smtp")->covers(Service::pop3));
  CHECK(parse_scope("pop3")->covers(Service::pop3));
  for (const char* text : {"", "imap", "SMTP", "smtp,", ",smtp", "smtp, pop3", "smtp;pop3"}) {
    CAPTURE(text);
    const auto scope = parse_scope(text);
    REQUIRE_FALSE(scope);
    CHECK(scope.error().kind == ErrorKind::invalid);
    CHECK(scope.error().text ==
          "'" + std::string(text) + "' is not a scope; write smtp, pop3, or smtp,pop3");
  }
}

}  // namespace directory_app_password_test

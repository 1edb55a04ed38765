#include "common/maildir/mailbox_path.h"

#include <catch2/catch.hpp>

namespace maildir_mailbox_path_test {

using namespace postrider;
using maildir::mailbox_path;

TEST_CASE("maildir path: a mailbox has a directory for its domain and one for its user",
          "[maildir]") {
  CHECK(*mailbox_path("ann@example.test") == "example.test/ann/Maildir");
  CHECK(*mailbox_path("o'hara_%2e&co@sub.example.test") ==
        "sub.example.test/o'hara_%2e&co/Maildir");
  CHECK(*mailbox_path("j\xc3\xbcrgen@xn--bcher-kva.test") ==
        "xn--bcher-kva.test/j\xc3\xbcrgen/Maildir");
  CHECK(*mailbox_path("a@b@example.test") == "example.test/a@b/Maildir");
}

TEST_CASE("maildir path: a name that could lead elsewhere is refused", "[maildir]") {
  using namespace std::string_view_literals;
  const std::string_view mailbox = GENERATE(
      ""sv, "ann"sv, "@example.test"sv, "ann@"sv, "../ann@example.test"sv, "..@example.test"sv,
      ".@example.test"sv, ".ann@example.test"sv, "a/b@example.test"sv, "ann@../etc"sv, "ann@.."sv,
      "ann@.test"sv, "ann@test."sv, "ann@a..b"sv, "ann@a/b"sv, "a\0b@example.test"sv,
      "ann@exa\0mple"sv, "a\nb@example.test"sv, "a\x7f@example.test"sv, "Ann@example.test"sv,
      "ann@Example.test"sv, "../../../../../../../../etc/cron.d@example.test"sv);
  const auto path = mailbox_path(mailbox);
  REQUIRE_FALSE(path.has_value());
  CHECK(path.error().kind == ErrorKind::invalid);
}

TEST_CASE("maildir path: a part as long as a directory's name can be is the longest", "[maildir]") {
  CHECK(mailbox_path(std::string(255, 'a') + "@example.test").has_value());
  CHECK_FALSE(mailbox_path(std::string(256, 'a') + "@example.test").has_value());
  CHECK_FALSE(mailbox_path("a@" + std::string(256, 'a')).has_value());
}

}  // namespace maildir_mailbox_path_test

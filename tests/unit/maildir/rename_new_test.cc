#include "common/maildir/rename_new.h"

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

namespace maildir_rename_new_test {

using namespace postrider::maildir;

namespace {

using Rename = int (*)(int, const std::string&, int, const std::string&) noexcept;
constexpr Rename kWays[] = {rename_new, rename_by_link};

struct Fixture {
  Fixture() { std::ofstream(mail.path() / "a") << "text"; }

  std::string content(const char* name) const { return content_of(mail.path() / name); }

  MailDirectory mail;
};

}  // namespace

TEST_CASE("maildir rename: a file has its new name, and the old no more", "[maildir]") {
  for (const Rename rename : kWays) {
    const Fixture f;
    CHECK(rename(f.mail.fd(), "a", f.mail.fd(), "b") == 0);
    CHECK(files_in(f.mail.path()) == std::vector<std::string>{"b"});
    CHECK(f.content("b") == "text");
  }
}

TEST_CASE("maildir rename: a name that is taken stays whose it is", "[maildir]") {
  for (const Rename rename : kWays) {
    const Fixture f;
    std::ofstream(f.mail.path() / "b") << "other";
    CHECK(rename(f.mail.fd(), "a", f.mail.fd(), "b") == EEXIST);
    CHECK(f.content("a") == "text");
    CHECK(f.content("b") == "other");
  }
}

TEST_CASE("maildir rename: what is not there is told, and a link is not followed", "[maildir]") {
  for (const Rename rename : kWays) {
    const Fixture f;
    CHECK(rename(f.mail.fd(), "gone", f.mail.fd(), "b") == ENOENT);
    CHECK(rename(f.mail.fd(), "a", f.mail.fd(), "no/b") == ENOENT);
    std::filesystem::create_symlink("a", f.mail.path() / "link");
    CHECK(rename(f.mail.fd(), "link", f.mail.fd(), "b") == 0);
    CHECK(std::filesystem::is_symlink(f.mail.path() / "b"));
    CHECK(f.content("a") == "text");
  }
}

TEST_CASE("maildir rename: what was linked and died, or is asked twice, is gone on with",
          "[maildir]") {
  const Fixture f;
  std::filesystem::create_hard_link(f.mail.path() / "a", f.mail.path() / "b");
  CHECK(rename_by_link(f.mail.fd(), "a", f.mail.fd(), "b") == 0);
  CHECK(files_in(f.mail.path()) == std::vector<std::string>{"b"});
}

TEST_CASE("maildir rename: to its own name a file does not go", "[maildir]") {
  for (const Rename rename : kWays) {
    const Fixture f;
    CHECK(rename(f.mail.fd(), "a", f.mail.fd(), "./a") == EEXIST);
    CHECK(f.content("a") == "text");
  }
}

}  // namespace maildir_rename_new_test

#include "common/maildir/mailboxes.h"

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

namespace maildir_mailboxes_test {

using namespace postrider;
using namespace postrider::maildir;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> all_below(const fs::path& path) {
  auto mailboxes = Mailboxes::open(path);
  REQUIRE(mailboxes);
  std::vector<std::string> names;
  while (const auto found = mailboxes->next()) {
    REQUIRE(found->maildir);
    CHECK(*found->maildir);
    names.push_back(found->name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("maildir mailboxes: all are found, of all domains", "[maildir]") {
  const MailDirectory mail;
  CHECK(all_below(mail.path()).empty());
  for (const char* user : {"a.test/ann", "a.test/bob", "b.test/ann", "b.test/x@y"})
    mail.create(user);
  CHECK(all_below(mail.path()) ==
        std::vector<std::string>{"ann@a.test", "ann@b.test", "bob@a.test", "x@y@b.test"});
}

TEST_CASE("maildir mailboxes: what is none is passed over, and no link is followed", "[maildir]") {
  const MailDirectory mail;
  const MailDirectory elsewhere;
  mail.create("a.test/ann");
  for (const char* user : {"a.test/.hidden", "a.test/Upper", ".a.test/bob"}) mail.create(user);
  fs::create_directories(mail.path() / "a.test/empty");
  fs::create_directories(mail.path() / "a.test/link");
  std::ofstream(mail.path() / "a.test/file") << "x";
  std::ofstream(mail.path() / "file") << "x";
  const fs::path other = elsewhere.create("b.test/bob");
  fs::create_symlink(elsewhere.path() / "b.test", mail.path() / "b.test");
  fs::create_symlink(elsewhere.path() / "b.test/bob", mail.path() / "a.test/bob");
  fs::create_symlink(other, mail.path() / "a.test/link/Maildir");
  CHECK(all_below(mail.path()) == std::vector<std::string>{"ann@a.test"});
}

TEST_CASE("maildir mailboxes: one is opened by its name, and by no link", "[maildir]") {
  const MailDirectory mail;
  mail.create("a.test/ann");
  fs::create_symlink(mail.path() / "a.test/ann", mail.path() / "a.test/bob");
  const auto opened = [&](const char* name) { return open_maildir(mail.path(), name); };
  CHECK(*opened("ann@a.test"));
  CHECK_FALSE(*opened("bob@a.test"));
  CHECK_FALSE(*opened("eve@a.test"));
  CHECK_FALSE(*opened("ann@b.test"));
  CHECK(opened("../ann@a.test").error().kind == ErrorKind::invalid);
}

}  // namespace maildir_mailboxes_test

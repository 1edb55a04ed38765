#include "common/maildir/usage.h"

#include <limits>

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

namespace maildir_usage_test {

using namespace postrider::maildir;

TEST_CASE("maildir usage: sizes of names, and of files whose names say none, in new and cur",
          "[maildir]") {
  const MailDirectory mail;
  CHECK(usage(mail.fd(), "t/ann/Maildir", "") == Usage{});
  const auto box = mail.create("t/ann");
  CHECK(usage(mail.fd(), "t/ann/Maildir", "") == Usage{});
  std::ofstream(box / "new" / "1.a.h,S=100,W=110") << "x";
  std::ofstream(box / "cur" / "2.b.h,S=1000:2,S") << "x";
  std::ofstream(box / "cur" / "3.c.h:2,S") << "four";
  std::ofstream(box / "tmp" / "4.d.h,S=9999") << "x";
  std::ofstream(box / "new" / ".hidden") << "not a message";
  std::filesystem::create_directory(box / "cur" / "folder");
  CHECK(usage(mail.fd(), "t/ann/Maildir", "") == Usage{1104, 3, false});
  CHECK(usage(mail.fd(), "t/ann/Maildir", "2.b.h") == Usage{104, 2, true});
}

TEST_CASE("maildir usage: what names say never adds up to less", "[maildir]") {
  const MailDirectory mail;
  const auto box = mail.create("t/ann");
  std::ofstream(box / "new" / "1.a.h,S=18446744073709551615") << "x";
  std::ofstream(box / "cur" / "2.b.h,S=1000:2,S") << "x";
  CHECK(usage(mail.fd(), "t/ann/Maildir", "").value() ==
        Usage{std::numeric_limits<std::uint64_t>::max(), 2, false});
}

TEST_CASE("maildir usage: what cannot be read is an error", "[maildir]") {
  const MailDirectory mail;
  std::filesystem::create_directories(mail.path() / "t/ann/Maildir");
  std::ofstream(mail.path() / "t/ann/Maildir/new") << "a file";
  CHECK_FALSE(usage(mail.fd(), "t/ann/Maildir", ""));
}

TEST_CASE("maildir usage: the trash does not count", "[maildir]") {
  const MailDirectory mail;
  const auto box = mail.create("t/ann");
  for (const char* folder : {".Trash/cur", "trash/cur", ".Sent/new"}) {
    std::filesystem::create_directories(box / folder);
    std::ofstream(box / folder / "1.a.h,S=100") << "x";
  }
  CHECK(usage(mail.fd(), "t/ann/Maildir", "") == Usage{});
}

TEST_CASE("maildir usage: a change in new or in cur shows in its time", "[maildir]") {
  const MailDirectory mail;
  CHECK_FALSE(change_times(mail.fd(), "t/ann/Maildir"));
  const auto box = mail.create("t/ann");
  const auto before = change_times(mail.fd(), "t/ann/Maildir");
  REQUIRE(before);
  const std::string changed = GENERATE("new", "cur");
  std::filesystem::last_write_time(
      box / changed, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  const auto after = change_times(mail.fd(), "t/ann/Maildir");
  REQUIRE(after);
  CHECK((after->in_new != before->in_new) == (changed == "new"));
  CHECK((after->in_cur != before->in_cur) == (changed == "cur"));
}

}  // namespace maildir_usage_test

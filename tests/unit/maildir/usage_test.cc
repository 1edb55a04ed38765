#include "common/maildir/usage.h"

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

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
  CHECK(usage(mail.fd(), "t/ann/Maildir", "") == Usage{1104, false});
  CHECK(usage(mail.fd(), "t/ann/Maildir", "2.b.h") == Usage{104, true});
}

TEST_CASE("maildir usage: what cannot be read is an error", "[maildir]") {
  const MailDirectory mail;
  std::filesystem::create_directories(mail.path() / "t/ann/Maildir");
  std::ofstream(mail.path() / "t/ann/Maildir/new") << "a file";
  CHECK_FALSE(usage(mail.fd(), "t/ann/Maildir", ""));
}

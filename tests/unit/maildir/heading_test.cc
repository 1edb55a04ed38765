#include "common/maildir/heading.h"

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

namespace maildir_heading_test {

using namespace postrider;
using namespace postrider::maildir;

namespace {

Heading heading_of(const std::string& text) {
  const MailDirectory mail;
  std::ofstream(mail.path() / "message") << text;
  const auto heading = read_heading(mail.fd(), "message");
  REQUIRE(heading);
  return *heading;
}

}  // namespace

TEST_CASE("maildir heading: the first From, Subject and Date of the header", "[maildir]") {
  const Heading heading = heading_of(
      "Received: x\nFROM: Ann <ann@t>\nsubject: of\n two lines\nDate: today\nSubject: other\n\n"
      "From: body\n");
  CHECK(heading.from == "Ann <ann@t>");
  CHECK(heading.subject == "of two lines");
  CHECK(heading.date == "today");
}

TEST_CASE("maildir heading: long fields are cut, and no more than the budget is read",
          "[maildir]") {
  CHECK(heading_of("Subject: " + std::string(5000, 'x') + "\n\n").subject.size() ==
        Heading::kMaxField);
  CHECK(heading_of("X: " + std::string(Heading::kMaxRead, 'x') + "\nSubject: late\n\n")
            .subject.empty());
}

TEST_CASE("maildir heading: a message without a header has none", "[maildir]") {
  CHECK(heading_of("").subject.empty());
  CHECK(heading_of("\nSubject: body\n").subject.empty());
}

TEST_CASE("maildir heading: a file that is gone is an error", "[maildir]") {
  const MailDirectory mail;
  CHECK(read_heading(mail.fd(), "message").error().kind == ErrorKind::not_found);
}

}  // namespace maildir_heading_test

#include "pop3d/opening.h"

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

namespace pop3d_opening_test {

using namespace postrider;
using namespace postrider::pop3d;
using namespace std::chrono_literals;

namespace {

constexpr const char* kMailbox = "ann@t";

struct Fixture {
  Fixture() { mail.create("t/ann"); }

  // Whether a login is let in; it leaves at once.
  bool lets_in(std::chrono::seconds delay) const {
    const auto opening = open_mailbox(mail.path(), kMailbox, delay, clock.now());
    REQUIRE(opening.has_value());
    CHECK(opening->too_soon == (opening->mailbox == nullptr));
    return opening->mailbox != nullptr;
  }

  MailDirectory mail;
  ManualClock clock;
};

}  // namespace

TEST_CASE("pop3 opening: the next login has to wait for the delay, and no longer", "[pop3d]") {
  Fixture f;
  CHECK(f.lets_in(60s));
  CHECK_FALSE(f.lets_in(60s));
  f.clock.advance(60s - 1us);
  CHECK_FALSE(f.lets_in(60s));
  f.clock.advance(1us);
  CHECK(f.lets_in(60s));
  CHECK_FALSE(f.lets_in(60s));
}

TEST_CASE("pop3 opening: without a delay nobody waits", "[pop3d]") {
  Fixture f;
  CHECK(f.lets_in(0s));
  CHECK(f.lets_in(0s));
}

TEST_CASE("pop3 opening: a last login far ahead, of a wrong clock, locks nobody out", "[pop3d]") {
  Fixture f;
  CHECK(f.lets_in(60s));
  f.clock.advance(-30s);
  CHECK_FALSE(f.lets_in(60s));
  f.clock.advance(-3600s);
  CHECK(f.lets_in(60s));
}

TEST_CASE("pop3 opening: whoever holds the mailbox is told of rather than the delay", "[pop3d]") {
  Fixture f;
  const auto first = open_mailbox(f.mail.path(), kMailbox, 60s, f.clock.now());
  REQUIRE(first.has_value());
  f.clock.advance(61s);
  const auto second = open_mailbox(f.mail.path(), kMailbox, 60s, f.clock.now());
  REQUIRE(second.has_value());
  CHECK(second->mailbox == nullptr);
  CHECK_FALSE(second->too_soon);
}

TEST_CASE("pop3 opening: a mailbox that is not there yet is empty, however often it is asked for",
          "[pop3d]") {
  Fixture f;
  for (int i = 0; i < 2; ++i) {
    const auto opening = open_mailbox(f.mail.path(), "bob@t", 60s, f.clock.now());
    REQUIRE(opening.has_value());
    CHECK(opening->mailbox->listing().size() == 0);
  }
}

TEST_CASE("pop3 opening: a name that is no mailbox's is refused", "[pop3d]") {
  Fixture f;
  const auto delay = GENERATE(0s, 60s);
  CHECK(open_mailbox(f.mail.path(), "../ann@t", delay, f.clock.now()).error().kind ==
        ErrorKind::invalid);
}

}  // namespace pop3d_opening_test

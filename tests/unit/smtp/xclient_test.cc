#include "common/smtp/xclient.h"

#include <catch2/catch.hpp>

#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_xclient_test {

using namespace postrider;
using namespace postrider::smtp;
using smtp::testing::codes;
using smtp::testing::Conversation;

TEST_CASE("smtp xclient: each attribute tells what it is for", "[smtp]") {
  const auto told = parse_xclient(
      "NAME=mail.far.test addr=IPv6:2001:db8::1 PORT=65535 Proto=esmtp HELO=far+2Btest "
      "LOGIN=anna+20b@here.test DESTADDR=192.0.2.1  DESTPORT=25");
  REQUIRE(told);
  CHECK(told->name == "mail.far.test");
  CHECK(told->address == "2001:db8::1");
  CHECK(told->port == "65535");
  CHECK(told->protocol == "ESMTP");
  CHECK(told->helo == "far+test");
  CHECK(told->login == "anna b@here.test");
  CHECK(told->destination_address == "192.0.2.1");
  CHECK(told->destination_port == "25");
}

TEST_CASE("smtp xclient: what is not told is left, and what there is none of is empty", "[smtp]") {
  const auto told = parse_xclient("NAME=[TEMPUNAVAIL] ADDR=[UNAVAILABLE] LOGIN=[unavailable]");
  REQUIRE(told);
  CHECK(told->name == "");
  CHECK(told->address == "");
  CHECK(told->login == "");
  CHECK_FALSE(told->helo);
  CHECK_FALSE(told->protocol);
}

TEST_CASE("smtp xclient: of two the last counts", "[smtp]") {
  CHECK(parse_xclient("NAME=a.test NAME=b.test")->name == "b.test");
}

TEST_CASE("smtp xclient: what is wrong is refused", "[smtp]") {
  const auto argument = GENERATE(values<std::string>({
      "",
      "NAME",
      "=",
      "NAMES=a.test",
      "NAME=",
      "NAME=a+0Ab",
      "NAME=a+b",
      "NAME=a=b",
      "NAME=a_b.test",
      "ADDR=192.0.2.256",
      "ADDR=[192.0.2.1]",
      "ADDR=2001:db8::1",
      "ADDR=[TEMPUNAVAIL]",
      "PORT=65536",
      "PORT=-1",
      "PORT=",
      "PROTO=LMTP",
      "HELO=a+20b",
      "LOGIN=+00",
      "LOGIN=" + std::string(256, 'a'),
      "DESTADDR=x",
      "DESTPORT=x",
  }));
  CAPTURE(argument);
  const auto told = parse_xclient(argument);
  REQUIRE_FALSE(told);
  CHECK(told.error().code == 501);
}

namespace {

constexpr std::string_view kGreeting = "220 mx.test ESMTP Postrider\r\n";

ServerSettings trusting() {
  ServerSettings settings{.hostname = "mx.test"};
  settings.offered.xclient = true;
  return settings;
}

}  // namespace

TEST_CASE("smtp server session: XCLIENT begins the session anew", "[smtp]") {
  Conversation c(trusting());
  CHECK(c.say("EHLO proxy.test\r\n")
            .find("\r\n250 XCLIENT NAME ADDR PORT PROTO HELO LOGIN "
                  "DESTADDR DESTPORT\r\n") != std::string::npos);
  CHECK(c.say("XCLIENT ADDR=192.0.2.1\r\n") == kGreeting);
  CHECK(codes(c.say("MAIL FROM:<a@b>\r\n")) == "503");
  CHECK(codes(c.say("EHLO client.test\r\nMAIL FROM:<a@b>\r\n")).ends_with(" 250"));
  CHECK(c.session.client_name() == "client.test");
}

TEST_CASE("smtp server session: a client that XCLIENT names need not say EHLO", "[smtp]") {
  Conversation c(trusting());
  c.say("EHLO proxy.test\r\n");
  CHECK(c.say("XCLIENT HELO=client.test PROTO=SMTP\r\n") == kGreeting);
  CHECK(c.session.client_name() == "client.test");
  CHECK_FALSE(c.session.extended());
  CHECK(codes(c.say("MAIL FROM:<a@b>\r\n")) == "250");
}

TEST_CASE("smtp server session: who XCLIENT says is logged in may send", "[smtp]") {
  ServerSettings settings = trusting();
  settings.authentication_required = true;
  Conversation c(settings);
  c.say("EHLO proxy.test\r\n");
  CHECK(codes(c.say("MAIL FROM:<a@b>\r\n")) == "530");
  CHECK(c.say("XCLIENT LOGIN=anna\r\n") == kGreeting);
  CHECK(c.session.identity() == "anna");
  CHECK(codes(c.say("HELO a\r\nMAIL FROM:<a@b>\r\nRSET\r\n")) == "250 250 250");
  CHECK(c.say("XCLIENT LOGIN=[UNAVAILABLE]\r\n") == kGreeting);
  CHECK(codes(c.say("HELO a\r\nMAIL FROM:<a@b>\r\n")) == "250 530");
}

TEST_CASE("smtp server session: what XCLIENT told in the clear has no effect under TLS", "[smtp]") {
  const bool tls_first = GENERATE(true, false);
  ServerSettings settings = trusting();
  settings.tls = Tls::starttls;
  Conversation c(settings);
  c.heard();
  if (tls_first) CHECK(codes(c.say("STARTTLS\r\n")) == "220");
  CHECK(codes(c.say("XCLIENT LOGIN=anna\r\nEHLO a\r\n")) == "220 250");
  CHECK(codes(c.say("STARTTLS\r\n")) == (tls_first ? "503" : "502"));
  CHECK(c.session.identity() == "anna");
}

TEST_CASE("smtp server session: XCLIENT has no place in a transaction", "[smtp]") {
  Conversation c(trusting());
  c.say("EHLO proxy.test\r\nMAIL FROM:<a@b>\r\n");
  CHECK(codes(c.say("XCLIENT ADDR=192.0.2.1\r\nRCPT TO:<a@b>\r\n")) == "503 250");
}

TEST_CASE(
    "smtp server session: XCLIENT of a client that is not trusted, or a bad one, changes nothing",
    "[smtp]") {
  const bool trusted = GENERATE(true, false);
  ServerSettings settings = trusting();
  settings.offered.xclient = trusted;
  Conversation c(settings);
  c.say("EHLO client.test\r\n");
  CHECK(c.say(trusted ? "XCLIENT ADDR=x\r\n" : "XCLIENT ADDR=192.0.2.1\r\n") ==
        (trusted ? "501 5.5.4 XCLIENT: bad ADDR\r\n"
                 : "550 5.7.0 you may not speak for other clients\r\n"));
  CHECK(codes(c.say("MAIL FROM:<a@b>\r\n")) == "250");
}

}  // namespace smtp_xclient_test

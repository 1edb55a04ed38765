// What a ServerSession does before and under TLS, and where a login must come first.
#include <catch2/catch.hpp>

#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_server_session_tls_test {

using namespace postrider::smtp;
using testing::codes;
using testing::Conversation;

TEST_CASE("smtp server session: STARTTLS forgets all that came before", "[smtp]") {
  Conversation c({.hostname = "mx.test", .tls = Tls::starttls});
  CHECK(c.say("EHLO a.test\r\n").ends_with("\r\n250 STARTTLS\r\n"));
  const auto step = GENERATE(std::string_view::npos, std::size_t{1});
  CHECK(c.say("STARTTLS\r\n", step) == "220 2.0.0 ready to start TLS\r\n");
  CHECK(c.session.secured());
  CHECK(c.session.client_name().empty());
  CHECK_FALSE(c.session.extended());
  CHECK(c.say("MAIL FROM:<a@a.test>\r\n").starts_with("503 5.5.1"));
  CHECK(c.say("EHLO a.test\r\n").find("STARTTLS") == std::string::npos);
  CHECK(c.say("STARTTLS\r\n") == "503 5.5.1 TLS is active already\r\n");
  CHECK(c.say("MAIL FROM:<a@a.test>\r\n").starts_with("250"));
}

// CVE-2011-0411: what was put behind STARTTLS in the clear must not be taken for protected.
TEST_CASE("smtp server session: what stands behind STARTTLS ends the session", "[smtp]") {
  Conversation c({.hostname = "mx.test", .tls = Tls::starttls});
  c.say("EHLO a.test\r\n");
  const auto* const injected = GENERATE("MAIL FROM:<evil@a.test>\r\n", "M", "\r\n", "\x16\x03\x01");
  CHECK(c.say("STARTTLS\r\n" + std::string(injected)) ==
        "503 5.5.1 nothing may follow STARTTLS before the handshake\r\n");
  CHECK(c.closed);
  CHECK_FALSE(c.session.secured());
}

TEST_CASE("smtp server session: octets that come during the handshake have no effect", "[smtp]") {
  Conversation c({.hostname = "mx.test", .tls = Tls::starttls});
  c.held_back = true;
  c.say("EHLO a.test\r\nSTARTTLS\r\n");
  REQUIRE(c.session.waiting());
  CHECK(c.say("EHLO a.test\r\nMAIL FROM:<evil@a.test>\r\n").empty());
  c.held_back = false;
  c.act();
  CHECK(c.session.secured());
  CHECK(c.heard().empty());
  CHECK(c.say("RCPT TO:<b@b.test>\r\n") == "503 5.5.1 say EHLO or HELO first\r\n");
}

TEST_CASE("smtp server session: STARTTLS is refused where it has no place", "[smtp]") {
  Conversation c({.hostname = "mx.test", .tls = Tls::starttls});
  c.say("EHLO a.test\r\nMAIL FROM:<a@a.test>\r\n");
  CHECK(c.say("STARTTLS\r\n") == "503 5.5.1 a transaction is under way; RSET ends it\r\n");
  CHECK(c.say("RSET\r\nSTARTTLS now\r\n") ==
        "250 2.0.0 ok\r\n501 5.5.4 STARTTLS takes no argument\r\n");
}

TEST_CASE("smtp server session: under implicit TLS the greeting follows the handshake", "[smtp]") {
  Conversation c({.hostname = "mx.test", .tls = Tls::implicit});
  CHECK(c.session.secured());
  CHECK(c.heard() == "220 mx.test ESMTP Postrider\r\n");
  CHECK(c.say("EHLO a.test\r\n").find("STARTTLS") == std::string::npos);
  CHECK(c.say("STARTTLS\r\n").starts_with("503 5.5.1"));
}

TEST_CASE("smtp server session: a shutdown during the handshake is told after it", "[smtp]") {
  Conversation c({.hostname = "mx.test", .tls = Tls::starttls});
  c.held_back = true;
  c.say("STARTTLS\r\n");
  c.session.on_shutdown();
  c.act();
  CHECK_FALSE(c.closed);
  c.held_back = false;
  c.act();
  CHECK(c.heard() == "421 4.3.2 mx.test is shutting down, try again\r\n");
  CHECK(c.closed);
}

TEST_CASE("smtp server session: who has to authenticate first may not send or ask", "[smtp]") {
  const auto tls = GENERATE(Tls::none, Tls::starttls, Tls::implicit);
  Conversation c({.hostname = "mx.test",
                  .bad_command_limit = 5,
                  .vrfy = true,
                  .expn = true,
                  .tls = tls,
                  .authentication_required = true});
  c.say("EHLO a.test\r\n");
  const std::string refusal = tls == Tls::starttls
                                  ? "530 5.7.0 must issue a STARTTLS command first\r\n"
                                  : "530 5.7.0 authentication required\r\n";
  CHECK(c.say("MAIL FROM:<a@a.test>\r\n") == refusal);
  CHECK(c.say("VRFY a\r\n") == refusal);
  CHECK(c.say("RCPT TO:<b@b.test>\r\n") == "503 5.5.1 MAIL first\r\n");
  CHECK(c.say("RSET\r\nNOOP\r\n") == "250 2.0.0 ok\r\n250 2.0.0 ok\r\n");
  CHECK(c.say("EXPN a\r\n") == refusal);
  CHECK(c.say("MAIL FROM:<a@a.test>\r\n").find("421 4.7.0") != std::string::npos);
}

TEST_CASE("smtp server session: REQUIRETLS is offered and taken under TLS alone", "[smtp]") {
  const std::string mail = "MAIL FROM:<a@a.test> REQUIRETLS\r\n";
  Conversation c({.hostname = "mx.test", .tls = Tls::starttls});
  CHECK(c.say("EHLO a\r\n").find("REQUIRETLS") == std::string::npos);
  CHECK(c.say(mail) == "530 5.7.0 REQUIRETLS is for a session under TLS: STARTTLS first\r\n");
  CHECK(codes(c.say("STARTTLS\r\n")) == "220");
  CHECK(c.say("EHLO a\r\n").find("250 REQUIRETLS\r\n") != std::string::npos);
  CHECK(codes(c.say("MAIL FROM:<a@a.test> REQUIRETLS=1\r\n")) == "501");
  CHECK(codes(c.say(mail)) == "250");
  CHECK(c.session.transaction().mail.tls_required);
}

TEST_CASE("smtp server session: where there is no TLS, REQUIRETLS is not known", "[smtp]") {
  Conversation c;
  c.say("EHLO a\r\n");
  CHECK(codes(c.say("MAIL FROM:<a@a.test> REQUIRETLS\r\n")) == "555");
}

}  // namespace smtp_server_session_tls_test

// The dialogue of AUTH: RFC 4954.
#include <catch2/catch.hpp>

#include "common/base/base64.h"
#include "tests/unit/sasl/scram_client.h"
#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_server_session_auth_test {

using namespace postrider;
using namespace postrider::smtp;
using sasl::testing::ScramClient;
using smtp::testing::codes;
using smtp::testing::Conversation;

namespace {

enum class InClear { refused, allowed };

ServerSettings submission(Tls tls = Tls::starttls, InClear in_clear = InClear::refused) {
  ServerSettings settings{.hostname = "mx.test", .tls = tls, .authentication_required = true};
  settings.offered.auth = true;
  settings.offered.auth_in_clear = in_clear == InClear::allowed;
  return settings;
}
ServerSettings in_clear() { return submission(Tls::starttls, InClear::allowed); }

constexpr std::string_view kEhlo = "EHLO a.test\r\n";
constexpr std::string_view kMail = "MAIL FROM:<a@a.test>\r\n";
constexpr std::string_view kLogin = "AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=\r\n";  // RFC 4954 section 4.1
constexpr std::string_view kWelcome = "235 2.7.0 authenticated\r\n";

// After EHLO under TLS; the greeting and what was said before is not heard again.
struct Secured : Conversation {
  explicit Secured(ServerSettings settings = submission()) : Conversation(std::move(settings)) {
    login.bindings.tls_exporter = "32 octets of the TLS connection.";
    say("STARTTLS\r\n");
    say(kEhlo);
  }
};

std::string line_of(std::string_view octets) { return to_base64(octets) + "\r\n"; }

}  // namespace

TEST_CASE("smtp server session: a login in the dialogues of RFC 4954", "[smtp][auth]") {
  SECTION("PLAIN at once") {
    Secured c;
    CHECK(c.say(kLogin) == kWelcome);
  }
  SECTION("PLAIN after an empty challenge") {
    Secured c;
    CHECK(c.say("AUTH PLAIN\r\n") == "334 \r\n");
    CHECK(c.say("dGVzdAB0ZXN0ADEyMzQ=\r\n") == kWelcome);
  }
  SECTION("LOGIN") {
    Secured c;
    CHECK(c.say("auth login\r\n") == "334 VXNlcm5hbWU6\r\n");
    CHECK(c.say(line_of("test")) == "334 UGFzc3dvcmQ6\r\n");
    CHECK(c.say(line_of("1234")) == kWelcome);
  }
  SECTION("SCRAM, with channel binding and without") {
    const bool bound = GENERATE(true, false);
    Secured c;
    ScramClient client("test", "1234");
    if (bound) {
      client.header = "p=tls-exporter,,";
      client.binding = c.login.bindings.tls_exporter;
    }
    const std::string challenge = c.say(
        (bound ? "AUTH SCRAM-SHA-256-PLUS " : "AUTH SCRAM-SHA-256 ") + line_of(client.first()));
    REQUIRE(challenge.starts_with("334 "));
    const auto server_first = from_base64(challenge.substr(4, challenge.size() - 6));
    REQUIRE(server_first);
    const std::string last = line_of(client.last(*server_first));
    CHECK(c.say(last) == "334 " + line_of(client.expected()));
    CHECK(c.say("\r\n") == kWelcome);
  }
}

TEST_CASE("smtp server session: after the login mail is taken, and there is no second",
          "[smtp][auth]") {
  Secured c;
  CHECK(c.say(kMail) == "530 5.7.0 authentication required\r\n");
  CHECK(c.session.identity().empty());
  CHECK(c.say(kLogin) == kWelcome);
  CHECK(c.session.identity() == "test@here.test");
  CHECK(c.say(kLogin) == "503 5.5.1 authenticated already\r\n");
  CHECK(c.say(kMail) == "250 2.1.0 sender ok\r\n");
  CHECK(c.session.identity() == "test@here.test");
}

TEST_CASE("smtp server session: AUTH is offered where a password is safe", "[smtp][auth]") {
  const auto offer = [](Conversation& c) {
    const std::string reply = c.say(kEhlo);
    const std::size_t at = reply.find("AUTH ");
    return at == std::string::npos ? "" : reply.substr(at, reply.find("\r\n", at) - at);
  };
  SECTION("under TLS, by its bindings") {
    Secured bound;
    CHECK(offer(bound) == "AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN");
    Conversation unbound(submission(Tls::implicit));
    CHECK(offer(unbound) == "AUTH SCRAM-SHA-256 PLAIN LOGIN");
  }
  SECTION("in the clear where that is allowed") {
    Conversation refused(submission());
    CHECK(offer(refused).empty());
    CHECK(refused.say(kLogin) == "538 5.7.11 a password needs encryption\r\n");
    CHECK(refused.say(kMail) == "530 5.7.0 must issue a STARTTLS command first\r\n");
    Conversation allowed(in_clear());
    CHECK(offer(allowed) == "AUTH SCRAM-SHA-256 PLAIN LOGIN");
    CHECK(allowed.say(kLogin) == kWelcome);
  }
  SECTION("never where mail is taken from other servers") {
    ServerSettings settings = in_clear();
    settings.offered.auth = settings.authentication_required = false;
    Conversation mx(settings);
    CHECK(offer(mx).empty());
    CHECK(mx.say(kLogin) == "502 5.5.1 command not implemented\r\n");
    CHECK(mx.say("MAIL FROM:<a@a.test> AUTH=<>\r\n").starts_with("555 5.5.4 "));
  }
}

TEST_CASE("smtp server session: what begins no login is refused", "[smtp][auth]") {
  struct Case {
    std::string_view command;
    std::string_view reply;
  };
  for (const Case& c :
       {Case{"AUTH", "504 5.5.4 "}, Case{"AUTH CRAM-MD5", "504 5.5.4 "},
        Case{"AUTH PLAIN *", "501 5.5.2 "}, Case{"AUTH PLAIN dGVzdA", "501 5.5.2 "},
        Case{"AUTH PLAIN dGVzdA== x", "501 5.5.2 "}, Case{"AUTH PLAIN dGVzdA==", "535 5.7.8 "},
        Case{"AUTH PLAIN =", "535 5.7.8 "}, Case{"AUTH PLAIN AHRlc3QAMTIzNQ==", "535 5.7.8 "}}) {
    CAPTURE(c.command);
    Secured conversation;
    CHECK(conversation.say(std::string(c.command) + "\r\n").starts_with(c.reply));
    CHECK(conversation.say(kMail).starts_with("530 "));
    CHECK(conversation.say(kLogin) == kWelcome);
  }
}

TEST_CASE("smtp server session: AUTH is legal between EHLO and MAIL alone", "[smtp][auth]") {
  Conversation c(in_clear());
  c.heard();
  CHECK(c.say(kLogin) == "503 5.5.1 say EHLO or HELO first\r\n");
  c.say("HELO a.test\r\n");
  CHECK(c.say(kLogin) == "503 5.5.1 say EHLO first\r\n");
  c.say(kEhlo);
  CHECK(c.say(kLogin) == kWelcome);
  c.say(kMail);
  CHECK(c.say(kLogin) == "503 5.5.1 a transaction is under way; RSET ends it\r\n");
  c.say("RCPT TO:<b@b.test>\r\n");
  CHECK(c.say(kLogin) == "503 5.5.1 a transaction is under way; RSET ends it\r\n");
}

TEST_CASE("smtp server session: a login is given up by what is no response", "[smtp][auth]") {
  struct Case {
    std::string response;
    std::string_view reply;
  };
  for (const Case& c : {Case{"*", "501 5.7.0 authentication cancelled\r\n"},
                        Case{"**", "501 5.5.2 "}, Case{"EHLO a.test", "501 5.5.2 "},
                        Case{"dGVzdA=", "501 5.5.2 "}, Case{"dGVz\tdA==", "501 5.5.2 "},
                        Case{"dGVz\ndA==", "501 5.5.2 "}, Case{"\xffGVzdA==", "501 5.5.2 "},
                        Case{std::string(CommandReader::kAuthLine - 1, 'A'), "500 5.5.6 "}}) {
    CAPTURE(c.response.substr(0, 40));
    Secured conversation;
    CHECK(conversation.say("AUTH LOGIN\r\n").starts_with("334 "));
    CHECK(conversation.say(c.response + "\r\n").starts_with(c.reply));
    CHECK(conversation.say("NOOP\r\n") == "250 2.0.0 ok\r\n");
    CHECK(conversation.say(kLogin) == kWelcome);
  }
}

TEST_CASE("smtp server session: lines of a login may have 12288 octets", "[smtp][auth]") {
  const std::string longest(CommandReader::kAuthLine - 2, 'A');  // a multiple of 4 and 2 octets
  static_assert((CommandReader::kAuthLine - 4) % 4 == 0);
  Secured response;
  response.say("AUTH PLAIN\r\n");
  CHECK(response.say(longest.substr(2) + "\r\n").starts_with("535 "));
  Secured initial;
  const std::string command = "AUTH PLAIN ";
  CHECK(initial.say(command + longest.substr(0, (longest.size() - command.size()) / 4 * 4) + "\r\n")
            .starts_with("535 "));
  CHECK(initial.say(command + longest + "\r\n").starts_with("500 5.5.2 "));
}

TEST_CASE("smtp server session: wrong passwords end the conversation at last, an outage does not",
          "[smtp][auth]") {
  constexpr std::string_view kWrong = "AUTH PLAIN AHRlc3QAMTIzNQ==\r\n";
  ServerSettings settings = submission();
  settings.bad_command_limit = 3;
  Secured c(settings);
  c.login.away = true;
  for (int i = 0; i < 5; ++i) CHECK(codes(c.say(kWrong)) == "454");
  c.login.away = false;
  CHECK(codes(c.say(kWrong)) == "535");
  CHECK(codes(c.say(kWrong)) == "535");
  CHECK(codes(c.say(kWrong)) == "535 421");
  CHECK(c.closed);
}

TEST_CASE("smtp server session: logins that cannot be judged come to an end", "[smtp][auth]") {
  ServerSettings settings = submission();
  settings.command_limit = 10;
  Secured c(settings);
  c.login.away = true;
  std::string heard;
  for (int i = 0; i < 20 && !c.closed; ++i) heard = c.say("AUTH PLAIN AHRlc3QAMTIzNQ==\r\n");
  CHECK(heard == "421 4.7.0 mx.test closing: too many commands and no message\r\n");
}

TEST_CASE("smtp server session: what is pipelined behind AUTH waits for its end", "[smtp][auth]") {
  Secured c;
  CHECK(codes(c.say(std::string(kLogin) + std::string(kMail) + "RCPT TO:<b@b.test>\r\n")) ==
        "235 250 250");
  Secured asked;
  CHECK(codes(asked.say("AUTH LOGIN\r\n" + std::string(kMail) + "NOOP\r\n")) == "334 501 250");
  Secured refused;
  CHECK(codes(refused.say("AUTH PLAIN AHRlc3QAMTIzNQ==\r\n" + std::string(kMail))) == "535 530");
}

TEST_CASE("smtp server session: a login in the clear is forgotten under TLS", "[smtp][auth]") {
  Conversation c(in_clear());
  c.say(kEhlo);
  REQUIRE(c.say(kLogin) == kWelcome);
  c.say("STARTTLS\r\n");
  CHECK(c.session.identity().empty());
  c.say(kEhlo);
  CHECK(c.say(kMail).starts_with("530 "));
  CHECK(c.say(kLogin) == kWelcome);
}

TEST_CASE("smtp server session: a login gives the same replies however it is cut",
          "[smtp][auth][slow]") {
  const std::string wire = std::string(kEhlo) + "AUTH LOGIN\r\n*\r\nAUTH LOGIN\r\n" +
                           line_of("test") + line_of("12345") + "AUTH PLAIN\r\n" +
                           std::string(13000, 'A') + "\r\nAUTH LOGIN " + line_of("test") +
                           line_of("1234") + std::string(kMail) + "QUIT\r\n";
  Conversation whole(in_clear());
  const std::string expected = whole.say(wire);
  CHECK(codes(expected) == "220 250 334 501 334 334 535 334 500 334 235 250 221");
  for (std::size_t step = 1; step < wire.size(); step += step < 40 ? 1 : 997) {
    Conversation cut(in_clear());
    CHECK(cut.say(wire, step) == expected);
  }
}

TEST_CASE("smtp server session: the time runs out within a login as anywhere", "[smtp][auth]") {
  Secured c;
  c.say("AUTH LOGIN\r\n");
  c.session.on_timeout();
  c.act();
  CHECK(c.heard().starts_with("421 4.4.2 "));
  CHECK(c.closed);

  Secured stopping;
  stopping.say("AUTH LOGIN\r\n");
  stopping.session.on_shutdown();
  stopping.act();
  CHECK(stopping.heard().starts_with("421 4.3.2 "));
}

TEST_CASE("smtp server session: AUTH= of MAIL is read where AUTH is offered", "[smtp][auth]") {
  struct Case {
    std::string_view parameter;
    std::string_view reply;
  };
  for (const Case& c :
       {Case{"AUTH=<>", "250 "}, Case{"AUTH=e+3Dmc2@example.com", "250 "},  // section 5
        Case{"auth=a@b.test", "250 "}, Case{"AUTH", "501 5.5.4 bad value of AUTH"},
        Case{"AUTH=", "501 5.5.4 "}, Case{"AUTH=a", "501 5.5.4 "},
        Case{"AUTH=e=mc2@b.test", "501 5.5.4 "}, Case{"AUTH=a+ZZ@b.test", "501 5.5.4 "},
        Case{"AUTH=<> AUTH=<>", "501 5.5.4 AUTH given twice"}}) {
    CAPTURE(c.parameter);
    Secured conversation;
    conversation.say(kLogin);
    CHECK(conversation.say("MAIL FROM:<a@a.test> " + std::string(c.parameter) + "\r\n")
              .starts_with(c.reply));
  }
}

}  // namespace smtp_server_session_auth_test

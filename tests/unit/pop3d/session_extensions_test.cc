#include <catch2/catch.hpp>

#include "pop3d/session.h"
#include "tests/unit/pop3d/fake_owner.h"

namespace pop3d_session_extensions_test {

using namespace postrider;
using namespace postrider::pop3d;
using namespace std::chrono_literals;

namespace {

SessionOptions options(Tls tls = Tls::none) {
  return {
      .hostname = "mx.test", .plaintext = Plaintext::allowed, .bad_command_limit = 4, .tls = tls};
}

struct Conversation {
  explicit Conversation(SessionOptions with = options()) : session(std::move(with)) {
    greeting = owner.drain(session);
  }
  std::string say(const std::string& line) { return owner.command(session, line); }
  bool offers(const std::string& line) {
    return say("CAPA").find("\r\n" + line + "\r\n") != std::string::npos;
  }
  void log_in() {
    say("USER ann");
    REQUIRE(say("PASS secret").starts_with("+OK"));
  }

  FakeOwner owner{{"Subject: one\n\nx\n"}};
  Session session;
  std::string greeting;
};

}  // namespace

// ---- CAPA ----

TEST_CASE("pop3 extensions: CAPA says what the session does, before and after the login",
          "[pop3d]") {
  Conversation c;
  const std::string capabilities =
      "+OK capabilities follow\r\nTOP\r\nUIDL\r\nUSER\r\nSASL SCRAM-SHA-256 PLAIN LOGIN\r\n"
      "PIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nUTF8 USER\r\nLANG\r\nEXPIRE NEVER\r\n"
      "IMPLEMENTATION Postrider\r\n.\r\n";
  CHECK(c.say("CAPA") == capabilities);
  c.log_in();
  CHECK(c.say("capa") == capabilities);
}

TEST_CASE("pop3 extensions: CAPA tells of retention and delay as they are set", "[pop3d]") {
  struct Row {
    std::chrono::seconds retention, delay;
    const char *expire, *login_delay;
  };
  const auto row = GENERATE(values<Row>({{0s, 0s, "EXPIRE NEVER", nullptr},
                                         {24h, 1s, "EXPIRE 1", "LOGIN-DELAY 1"},
                                         {24h * 60 + 23h, 15min, "EXPIRE 60", "LOGIN-DELAY 900"},
                                         {12h, 0s, "EXPIRE 0", nullptr}}));
  SessionOptions with = options();
  with.retention = row.retention;
  with.login_delay = row.delay;
  Conversation c(with);
  if (GENERATE(false, true)) c.log_in();
  CHECK(c.offers(row.expire));
  if (row.login_delay != nullptr) CHECK(c.offers(row.login_delay));
  if (row.login_delay == nullptr) CHECK(c.say("CAPA").find("LOGIN-DELAY") == std::string::npos);
}

TEST_CASE("pop3 extensions: after the login CAPA tells of the mailbox's own retention", "[pop3d]") {
  SessionOptions with = options();
  with.retention = 24h * 60;
  Conversation c(with);
  c.owner.retention = GENERATE(24h * 5, 0h);
  CHECK(c.offers("EXPIRE 60"));
  c.log_in();
  CHECK(c.offers(*c.owner.retention == 0s ? "EXPIRE NEVER" : "EXPIRE 5"));
}

// ---- STLS ----

TEST_CASE("pop3 extensions: STLS is offered in the clear alone, where there is a certificate",
          "[pop3d]") {
  Conversation without;
  CHECK_FALSE(without.offers("STLS"));
  CHECK(without.say("STLS") == "-ERR TLS is not available here\r\n");
  Conversation c(options(Tls::starttls));
  CHECK(c.offers("STLS"));
  CHECK(c.say("STLS x") == "-ERR this command takes no argument\r\n");
  CHECK(c.say("stls") == "+OK begin TLS\r\n<tls>");
  CHECK_FALSE(c.offers("STLS"));
  CHECK(c.say("STLS") == "-ERR TLS is active already\r\n");
  c.log_in();
  CHECK(c.say("STLS") == "-ERR not in this state\r\n");
}

TEST_CASE("pop3 extensions: under implicit TLS the greeting follows the handshake", "[pop3d]") {
  Conversation c(options(Tls::implicit));
  CHECK(c.greeting == "<tls>+OK mx.test POP3 ready\r\n");
  CHECK_FALSE(c.offers("STLS"));
  CHECK(c.say("STLS") == "-ERR TLS is active already\r\n");
}

TEST_CASE("pop3 extensions: what is pipelined behind STLS ends the session", "[pop3d]") {
  const std::string behind = GENERATE("CAPA\r\n", "U", "USER ann\r\nPASS secret\r\n", "\n");
  Conversation c(options(Tls::starttls));
  c.session.on_bytes("STLS\r\n" + behind);
  CHECK(c.owner.drain(c.session) == "-ERR nothing may follow STLS before the handshake\r\n<close>");
}

TEST_CASE("pop3 extensions: what comes between STLS and the handshake is forgotten", "[pop3d]") {
  Session session(options(Tls::starttls));
  FakeOwner owner;
  owner.drain(session);
  session.on_bytes("STLS\r\n");
  CHECK(std::holds_alternative<Send>(*session.next_action()));
  CHECK(std::holds_alternative<StartTls>(*session.next_action()));
  CHECK(session.waiting());
  session.on_bytes("USER evil\r\n");
  CHECK_FALSE(session.next_action().has_value());
  session.on_secured(sasl::Binding::none);
  CHECK(owner.drain(session).empty());
  CHECK(session.state() == State::authorization);
}

TEST_CASE("pop3 extensions: nothing that was said in the clear counts under TLS", "[pop3d]") {
  Conversation c(options(Tls::starttls));
  c.say("UTF8");
  c.say("LANG de");
  CHECK(c.say("USER ann") == "+OK weiter mit PASS\r\n");
  CHECK(c.say("STLS") == "+OK TLS kann beginnen\r\n<tls>");
  CHECK(c.say("PASS secret") == "-ERR not in this state\r\n");
  c.log_in();
  c.say("RETR 1");
  CHECK_FALSE(c.owner.opened_as_utf8);
}

// ---- UTF8 ----

TEST_CASE("pop3 extensions: after UTF8 messages are asked for as UTF-8", "[pop3d]") {
  const bool utf8 = GENERATE(false, true);
  const char* read = GENERATE("RETR 1", "TOP 1 0");
  Conversation c;
  if (utf8) CHECK(c.say("UTF8") == "+OK UTF-8 from now on\r\n");
  c.log_in();
  CHECK(c.say(read).starts_with("+OK"));
  CHECK(c.owner.opened_as_utf8 == utf8);
  CHECK(c.say("UTF8") == "-ERR not in this state\r\n");
}

TEST_CASE("pop3 extensions: UTF8 takes no argument", "[pop3d]") {
  Conversation c;
  CHECK(c.say("UTF8 USER") == "-ERR this command takes no argument\r\n");
}

// ---- LANG ----

TEST_CASE("pop3 extensions: LANG lists the languages, each in itself", "[pop3d]") {
  Conversation c;
  CHECK(c.say("LANG") == "+OK languages follow\r\nen English\r\nde Deutsch\r\nzh 中文\r\n.\r\n");
}

TEST_CASE("pop3 extensions: LANG changes what follows, up to the next", "[pop3d]") {
  Conversation c;
  CHECK(c.say("LANG de-AT") == "+OK de ab jetzt Deutsch\r\n");
  CHECK(c.say("WHAT") == "-ERR unbekannter Befehl\r\n");
  CHECK(c.say("LANG xx") == "-ERR diese Sprache ist hier nicht bekannt\r\n");
  c.log_in();
  CHECK(c.say("LANG ZH-hans-cn") == "+OK zh 现在使用中文\r\n");
  CHECK(c.say("DELE 1") == "+OK 邮件 1 已标记为删除\r\n");
  CHECK(c.say("LANG *") == "+OK en English from now on\r\n");
  CHECK(c.say("RSET") == "+OK 1 messages (19 octets)\r\n");
}

TEST_CASE("pop3 extensions: response codes are the same in each language", "[pop3d]") {
  Conversation c;
  c.say("LANG de");
  c.say("USER ann");
  CHECK(c.say("PASS wrong") == "-ERR [AUTH] Benutzer oder Passwort falsch\r\n");
}

TEST_CASE("pop3 extensions: STLS is one command however it is cut", "[pop3d]") {
  const std::string line = "STLS\r\n";
  for (std::size_t at = 0; at <= line.size(); ++at) {
    Conversation c(options(Tls::starttls));
    c.session.on_bytes(std::string_view(line).substr(0, at));
    std::string heard = c.owner.drain(c.session);
    c.session.on_bytes(std::string_view(line).substr(at));
    heard += c.owner.drain(c.session);
    CHECK(heard == "+OK begin TLS\r\n<tls>");
  }
}

}  // namespace pop3d_session_extensions_test

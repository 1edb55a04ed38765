#include <catch2/catch.hpp>

#include "common/base/base64.h"
#include "pop3d/session.h"
#include "tests/unit/pop3d/fake_owner.h"
#include "tests/unit/sasl/scram_client.h"

namespace pop3d_session_login_test {

using namespace postrider;
using namespace postrider::pop3d;

namespace {

constexpr const char* kTimestamp = "<1896.697170952@dbc.mtview.ca.us>";
// RFC 1939 section 7, of the secret "tanstaaf".
constexpr const char* kDigest = "c4c9334bac560ecc979e58001b3e22fb";
const std::string kPlain = to_base64(std::string_view("\0ann\0secret", 11));
const std::string kWrongPlain = to_base64(std::string_view("\0ann\0wrong", 10));

SessionOptions options(Plaintext plaintext = Plaintext::allowed) {
  return {.hostname = "mx.test", .plaintext = plaintext, .bad_command_limit = 4};
}

struct Conversation {
  explicit Conversation(SessionOptions with = options(), Account account = {})
      : owner({"Subject: one\n\nx\n"}, std::move(account)), session(std::move(with)) {
    greeting = owner.drain(session);
  }
  std::string say(const std::string& line) { return owner.command(session, line); }

  FakeOwner owner;
  Session session;
  std::string greeting;
};

}  // namespace

// ---- AUTH ----

TEST_CASE("pop3 login: AUTH PLAIN logs in, with an initial response and without", "[pop3d]") {
  Conversation c;
  if (GENERATE(true, false)) {
    CHECK(c.say("AUTH PLAIN " + kPlain) == "+OK 1 messages (19 octets)\r\n");
  } else {
    CHECK(c.say("auth plain") == "+ \r\n");
    CHECK(c.session.state() == State::authenticating);
    CHECK(c.say(kPlain) == "+OK 1 messages (19 octets)\r\n");
  }
  CHECK(c.session.state() == State::transaction);
  CHECK(c.say("AUTH PLAIN " + kPlain) == "-ERR not in this state\r\n");
}

TEST_CASE("pop3 login: AUTH LOGIN asks for name and password", "[pop3d]") {
  Conversation c;
  CHECK(c.say("AUTH LOGIN") == "+ " + to_base64("Username:") + "\r\n");
  CHECK(c.say(to_base64("ann")) == "+ " + to_base64("Password:") + "\r\n");
  CHECK(c.say(to_base64("secret")).starts_with("+OK"));
}

TEST_CASE("pop3 login: SCRAM-SHA-256 proves the password to both sides", "[pop3d]") {
  Conversation c;
  sasl::testing::ScramClient client("ann", "secret");
  const auto challenge = [](const std::string& reply) {
    REQUIRE(reply.starts_with("+ "));
    return from_base64(reply.substr(2, reply.size() - 4)).value();
  };
  const std::string first = challenge(c.say("AUTH SCRAM-SHA-256 " + to_base64(client.first())));
  const std::string last = challenge(c.say(to_base64(client.last(first))));
  CHECK(last == client.expected());
  CHECK(c.say("").starts_with("+OK"));  // the client's last response has no octets
}

TEST_CASE("pop3 login: an initial response of \"=\" has no octets", "[pop3d]") {
  Conversation c;
  CHECK(c.say("AUTH PLAIN =") == "-ERR the response is none of this mechanism\r\n");
  CHECK(c.session.state() == State::authorization);
}

TEST_CASE("pop3 login: AUTH without an argument lists the mechanisms that can be used now",
          "[pop3d]") {
  Conversation c;
  CHECK(c.say("AUTH") == "+OK mechanisms follow\r\nSCRAM-SHA-256\r\nPLAIN\r\nLOGIN\r\n.\r\n");
  SessionOptions with = options();
  with.tls = Tls::starttls;
  Conversation d(with);
  d.owner.binding = sasl::Binding::possible;
  d.say("STLS");
  CHECK(d.say("AUTH").starts_with("+OK mechanisms follow\r\nSCRAM-SHA-256-PLUS\r\n"));
}

TEST_CASE("pop3 login: what is no AUTH is refused, and the session goes on", "[pop3d]") {
  struct Row {
    std::vector<std::string> lines;
    const char* answer;  // to the last
  };
  const auto row = GENERATE(values<Row>({
      {{"AUTH CRAM-MD5"}, "-ERR unknown authentication mechanism\r\n"},
      {{"AUTH SCRAM-SHA-256-PLUS"}, "-ERR unknown authentication mechanism\r\n"},  // no binding
      {{"AUTH PLAIN ?"}, "-ERR the response is not base64\r\n"},
      {{"AUTH PLAIN AA"}, "-ERR the response is not base64\r\n"},
      {{"AUTH PLAIN AAAA AAAA"}, "-ERR the response is not base64\r\n"},
      {{"AUTH PLAIN", "*"}, "-ERR authentication cancelled\r\n"},
      {{"AUTH LOGIN", to_base64("ann"), "*"}, "-ERR authentication cancelled\r\n"},
      {{"AUTH PLAIN", "="}, "-ERR the response is not base64\r\n"},
      {{"AUTH PLAIN", " AAAA"}, "-ERR the response is not base64\r\n"},
      {{"AUTH PLAIN", "QUIT"}, "-ERR the response is none of this mechanism\r\n"},
      {{"AUTH PLAIN AAAA"}, "-ERR the response is none of this mechanism\r\n"},
      {{"AUTH PLAIN " + kWrongPlain}, "-ERR [AUTH] wrong user or password\r\n"},
      {{"AUTH PLAIN " + to_base64(std::string_view("bob\0ann\0secret", 14))},
       "-ERR [AUTH] wrong user or password\r\n"},
  }));
  Conversation c;
  std::string answer;
  for (const std::string& line : row.lines) answer = c.say(line);
  CHECK(answer == row.answer);
  CHECK(c.session.state() == State::authorization);
  CHECK(c.say("AUTH PLAIN " + kPlain).starts_with("+OK"));
}

TEST_CASE("pop3 login: where plaintext is refused AUTH is as USER, until there is TLS", "[pop3d]") {
  SessionOptions with = options(Plaintext::refused);
  with.tls = Tls::starttls;
  Conversation c(with);
  CHECK(c.say("CAPA").find("SASL") == std::string::npos);
  for (const char* line : {"AUTH", "AUTH PLAIN"})
    CHECK(c.say(line) == "-ERR [SYS/PERM] a password may not be sent in the clear here\r\n");
  CHECK(c.say("STLS") == "+OK begin TLS\r\n<tls>");
  CHECK(c.say("CAPA").find("\r\nUSER\r\nSASL SCRAM-SHA-256 PLAIN LOGIN\r\n") != std::string::npos);
  CHECK(c.say("AUTH PLAIN " + kPlain).starts_with("+OK"));
}

TEST_CASE("pop3 login: a response may be longer than a command, up to its own limit", "[pop3d]") {
  Conversation c;
  CHECK(c.say("AUTH PLAIN " + std::string(244, 'A')) ==
        "-ERR the command line is too long\r\n<close>");
  Conversation d;
  d.say("AUTH PLAIN");
  CHECK(d.say(std::string(Session::kMaxResponse - 4, 'A')) ==
        "-ERR the response is none of this mechanism\r\n");
  d.say("AUTH PLAIN");
  d.session.on_bytes(std::string(Session::kMaxResponse - 1, 'A'));
  CHECK(d.owner.drain(d.session).empty());
  d.session.on_bytes("A");
  CHECK(d.owner.drain(d.session) == "-ERR the command line is too long\r\n<close>");
}

TEST_CASE("pop3 login: within AUTH a bare LF, a bare CR or a NUL ends the session", "[pop3d]") {
  using namespace std::string_literals;
  const std::string bytes = GENERATE("AAAA\nQUIT\r\n"s, "AA\rAA\r\n"s, "AA\0AA\r\n"s);
  Conversation c;
  c.say("AUTH PLAIN");
  c.session.on_bytes(bytes);
  const std::string answer = c.owner.drain(c.session);
  CHECK(answer.starts_with("-ERR"));
  CHECK(answer.ends_with("\r\n<close>"));
}

TEST_CASE("pop3 login: too many refused AUTH end the session", "[pop3d]") {
  Conversation c;
  for (int i = 0; i < 3; ++i) CHECK(c.say("AUTH PLAIN " + kWrongPlain).starts_with("-ERR [AUTH]"));
  CHECK(c.say("AUTH PLAIN " + kWrongPlain) ==
        "-ERR [AUTH] wrong user or password; too many bad commands\r\n<close>");
}

TEST_CASE("pop3 login: a user whom AUTH followed is not logged in by PASS", "[pop3d]") {
  Conversation c;
  c.say("USER ann");
  c.say("AUTH PLAIN");
  c.say("*");
  CHECK(c.say("PASS secret") == "-ERR not in this state\r\n");
}

// ---- APOP ----

TEST_CASE("pop3 login: APOP logs in as RFC 1939 shows it", "[pop3d]") {
  SessionOptions with = options(Plaintext::refused);
  with.apop_timestamp = kTimestamp;
  Conversation c(with, {.user = "mrose", .password = "tanstaaf"});
  CHECK(c.greeting == std::string("+OK mx.test POP3 ready ") + kTimestamp + "\r\n");
  CHECK(c.say(std::string("APOP mrose ") + kDigest) == "+OK 1 messages (19 octets)\r\n");
}

TEST_CASE("pop3 login: what is no APOP is refused, and a wrong digest as a wrong password",
          "[pop3d]") {
  struct Row {
    std::string line, answer;
  };
  const std::string digest = kDigest;
  const auto row = GENERATE_COPY(values<Row>({
      {"APOP", "-ERR an argument is missing\r\n"},
      {"APOP mrose", "-ERR APOP takes a name and a digest of 32 digits\r\n"},
      {"APOP " + digest, "-ERR APOP takes a name and a digest of 32 digits\r\n"},
      {"APOP mrose " + digest.substr(1), "-ERR APOP takes a name and a digest of 32 digits\r\n"},
      {"APOP mrose " + digest + "0", "-ERR APOP takes a name and a digest of 32 digits\r\n"},
      {"APOP mrose C4C9334BAC560ECC979E58001B3E22FB",
       "-ERR APOP takes a name and a digest of 32 digits\r\n"},
      {"APOP mr\xffose " + digest, "-ERR that is not UTF-8\r\n"},
      {"APOP rose " + digest, "-ERR [AUTH] wrong user or password\r\n"},
      {"APOP mrose 04c9334bac560ecc979e58001b3e22fb", "-ERR [AUTH] wrong user or password\r\n"},
  }));
  SessionOptions with = options();
  with.apop_timestamp = kTimestamp;
  Conversation c(with, {.user = "mrose", .password = "tanstaaf"});
  CHECK(c.say(row.line) == row.answer);
  CHECK(c.session.state() == State::authorization);
}

TEST_CASE("pop3 login: without a timestamp APOP is refused", "[pop3d]") {
  Conversation c;
  CHECK(c.say(std::string("APOP ann ") + kDigest) == "-ERR APOP is not offered here\r\n");
}

// ---- Names and passwords beyond ASCII (RFC 6856 section 2.2) ----

TEST_CASE("pop3 login: names and passwords are UTF-8, whether UTF8 was said or not", "[pop3d]") {
  Conversation c(options(), {.user = "jürgen", .password = "grüße"});
  if (GENERATE(true, false)) c.say("UTF8");
  CHECK(c.say("USER jürgen") == "+OK send PASS\r\n");
  CHECK(c.say("PASS grüße").starts_with("+OK"));
}

TEST_CASE("pop3 login: what is not UTF-8 is refused before anybody is asked", "[pop3d]") {
  const std::string octets = GENERATE("\x81", "j\xfcrgen", "\xc0\xaf", "\xed\xa0\x80", "a\xe2\x82");
  Conversation c;
  CHECK(c.say("USER " + octets) == "-ERR that is not UTF-8\r\n");
  c.say("USER ann");
  CHECK(c.say("PASS " + octets) == "-ERR that is not UTF-8\r\n");
  CHECK(c.say("PASS secret").starts_with("+OK"));
}

TEST_CASE("pop3 login: the same bytes log in, or do not, however they are cut", "[pop3d]") {
  const std::string scram = "AUTH SCRAM-SHA-256 " + to_base64("n,,n=mrose,r=rOprNGfwEbeRWgbNEkqO");
  const std::string wire =
      GENERATE_COPY(std::string("APOP mrose ") + kDigest + "\r\nSTAT\r\nQUIT\r\n",
                    std::string("APOP mrose 0\r\nAUTH\r\nAUTH PLAIN\r\n*\r\nUSER j\xc3\xbc\r\n"),
                    "AUTH PLAIN\r\n" + kPlain + "\r\n" + scram + "\r\n*\r\nSTAT\r\n",
                    "AUTH LOGIN bXJvc2U=\r\ndGFuc3RhYWY=\r\nSTAT\r\n",
                    "AUTH PLAIN\r\n" + std::string(600, 'A') + "\r\nQUIT\r\n",
                    std::string("AUTH PLAIN\r\nAAAA\nQUIT\r\n"));
  const auto run = [&](std::size_t step) {
    SessionOptions with = options();
    with.apop_timestamp = kTimestamp;
    Conversation c(with, {.user = "mrose", .password = "tanstaaf"});
    std::string heard;
    for (std::size_t i = 0; i < wire.size(); i += step) {
      c.session.on_bytes(std::string_view(wire).substr(i, step));
      heard += c.owner.drain(c.session);
    }
    // The nonce of SCRAM is another each time.
    const std::size_t nonce = heard.find("+ cj");
    if (nonce != std::string::npos) heard.erase(nonce, heard.find('\r', nonce) - nonce);
    return heard;
  };
  const std::string whole = run(wire.size());
  CHECK_FALSE(whole.empty());
  for (std::size_t step = 1; step < wire.size(); ++step) CHECK(run(step) == whole);
}

}  // namespace pop3d_session_login_test

#include "pop3d/session.h"

#include <catch2/catch.hpp>

#include "tests/unit/pop3d/fake_owner.h"

namespace pop3d_session_test {

using namespace postrider;
using namespace postrider::pop3d;

namespace {

const std::vector<std::string> kMail = {"Subject: one\n\n.dot\nlast\n", "Subject: two\n\nx\n"};

SessionOptions options(Plaintext plaintext = Plaintext::allowed) {
  return {.hostname = "mx.test", .plaintext = plaintext, .bad_command_limit = 4};
}

// A session and its owner, with the greeting taken.
struct Conversation {
  explicit Conversation(Plaintext plaintext = Plaintext::allowed) : session(options(plaintext)) {
    owner.drain(session);
  }
  std::string say(const std::string& line) { return owner.command(session, line); }
  void log_in() {
    REQUIRE(say("USER ann").starts_with("+OK"));
    REQUIRE(say("PASS secret").starts_with("+OK"));
    REQUIRE(session.state() == State::transaction);
  }

  FakeOwner owner{kMail};
  Session session;
};

}  // namespace

TEST_CASE("pop3 session: without APOP the greeting has no timestamp", "[pop3d]") {
  Session session(options());
  FakeOwner owner;
  CHECK(owner.drain(session) == "+OK mx.test POP3 ready\r\n");
}

TEST_CASE("pop3 session: where plaintext is refused, USER is neither offered nor taken",
          "[pop3d]") {
  Conversation c(Plaintext::refused);
  CHECK(c.say("CAPA").find("\r\nUSER\r\n") == std::string::npos);
  CHECK(c.say("USER ann") == "-ERR [SYS/PERM] a password may not be sent in the clear here\r\n");
  CHECK(c.say("PASS secret").starts_with("-ERR"));
}

TEST_CASE("pop3 session: each command is legal in its states alone", "[pop3d]") {
  enum Where { before, after_user, after_login };
  struct Row {
    const char* line;
    bool before, after_user, after_login;
  };
  const auto row = GENERATE(values<Row>({
      {"USER ann", true, true, false},
      {"PASS secret", false, true, false},
      {"CAPA", true, true, true},
      {"STAT", false, false, true},
      {"LIST", false, false, true},
      {"LIST 1", false, false, true},
      {"UIDL", false, false, true},
      {"RETR 1", false, false, true},
      {"TOP 1 0", false, false, true},
      {"DELE 1", false, false, true},
      {"RSET", false, false, true},
      {"NOOP", false, false, true},
      {"QUIT", true, true, true},
      {"LANG", true, true, true},
      {"LANG de", true, true, true},
      {"UTF8", true, true, false},
      {"AUTH", true, true, false},
      {"AUTH PLAIN AGFubgBzZWNyZXQ=", true, true, false},
      {"STLS", false, false, false},                                       // without a certificate
      {"APOP ann 0123456789abcdef0123456789abcdef", false, false, false},  // without a timestamp
      {"XTND XMIT", false, false, false},
      {"", false, false, false},
  }));
  const auto where = GENERATE(before, after_user, after_login);
  CAPTURE(row.line, where);
  Conversation c;
  if (where == after_user) c.say("USER ann");
  if (where == after_login) c.log_in();
  const bool expected = where == before       ? row.before
                        : where == after_user ? row.after_user
                                              : row.after_login;
  CHECK(c.say(row.line).starts_with(expected ? "+OK" : "-ERR"));
}

TEST_CASE("pop3 session: a mailbox is read as RFC 1939 shows it", "[pop3d]") {
  Conversation c;
  struct Row {
    const char *line, *answer;
  };
  const Row rows[] = {
      {"USER ann", "+OK send PASS\r\n"},
      {"PASS secret", "+OK 2 messages (47 octets)\r\n"},
      {"STAT", "+OK 2 47\r\n"},
      {"LIST", "+OK 2 messages\r\n1 28\r\n2 19\r\n.\r\n"},
      {"LIST 2", "+OK 2 19\r\n"},
      {"UIDL", "+OK 2 messages\r\n1 1.a.h\r\n2 2.a.h\r\n.\r\n"},
      {"uidl 1", "+OK 1 1.a.h\r\n"},
      {"RETR 1", "+OK 28 octets\r\nSubject: one\r\n\r\n..dot\r\nlast\r\n.\r\n"},
      {"TOP 1 1", "+OK top of message follows\r\nSubject: one\r\n\r\n..dot\r\n.\r\n"},
      {"TOP 2 0", "+OK top of message follows\r\nSubject: two\r\n\r\n.\r\n"},
      {"DELE 1", "+OK message 1 is marked as deleted\r\n"},
      {"STAT", "+OK 1 19\r\n"},
      {"LIST", "+OK 1 messages\r\n2 19\r\n.\r\n"},
      {"LIST 1", "-ERR no such message\r\n"},
      {"RETR 1", "-ERR no such message\r\n"},
      {"TOP 1 0", "-ERR no such message\r\n"},
      {"UIDL 1", "-ERR no such message\r\n"},
      {"DELE 1", "-ERR no such message\r\n"},
      {"RSET", "+OK 2 messages (47 octets)\r\n"},
      {"DELE 2", "+OK message 2 is marked as deleted\r\n"},
      {"NOOP", "+OK done\r\n"},
      {"QUIT", "+OK 1 messages removed, bye\r\n<close>"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    CHECK(c.say(row.line) == row.answer);
  }
  CHECK(c.owner.removed == std::vector<std::size_t>{1});
  CHECK(c.session.state() == State::closed);
  CHECK(c.session.totals().retrieved == 1);
  CHECK(c.session.totals().deleted == 1);
  CHECK(c.session.totals().octets == 29 + 23 + 16);
}

TEST_CASE("pop3 session: arguments that are none of the grammar are refused", "[pop3d]") {
  Conversation c;
  c.log_in();
  const std::string line =
      GENERATE("LIST 0", "LIST a", "LIST 1 2", "LIST -1", "UIDL -1", "RETR", "RETR ", "RETR 01",
               "RETR +1", "RETR 18446744073709551617", "DELE", "DELE x", "TOP", "TOP 1", "TOP 1 a",
               "TOP 1 -1", "TOP a 1", "TOP 0 1", "TOP 1 0 0", "TOP 1 99999999999999999999",
               "STAT 1", "NOOP x", "RSET x", "QUIT x", "CAPA x", "STAT\t", "LANG xx");
  CAPTURE(line);
  CHECK(c.say(line).starts_with("-ERR"));
  CHECK(c.session.state() == State::transaction);
  CHECK(c.say("STAT") == "+OK 2 47\r\n");
}

TEST_CASE("pop3 session: numbers beyond the mailbox do not wrap to a message", "[pop3d]") {
  Conversation c;
  c.log_in();
  const std::string line = GENERATE("RETR 3", "DELE 4294967297", "LIST 18446744073709551615");
  CHECK(c.say(line) == "-ERR no such message\r\n");
}

TEST_CASE("pop3 session: a password keeps its spaces and tabs", "[pop3d]") {
  const std::string password = GENERATE("a b", " a", "a ", "\ta \t ", "", "%n%s");
  FakeOwner owner({}, {.user = "ann", .password = password});
  Session session(options());
  owner.drain(session);
  owner.command(session, "USER ann");
  CHECK(owner.command(session, "PASS " + password).starts_with("+OK"));
}

TEST_CASE("pop3 session: PASS without its space has no password", "[pop3d]") {
  Conversation c;
  c.say("USER ann");
  CHECK(c.say("PASS").starts_with("-ERR"));
}

TEST_CASE("pop3 session: a refused login says why in its code and starts again", "[pop3d]") {
  struct Row {
    LoginRefusal why;
    const char* code;
  };
  const auto row = GENERATE(values<Row>({{LoginRefusal::credentials, "-ERR [AUTH] "},
                                         {LoginRefusal::banned, "-ERR [SYS/TEMP] "},
                                         {LoginRefusal::too_soon, "-ERR [LOGIN-DELAY] "},
                                         {LoginRefusal::in_use, "-ERR [IN-USE] "},
                                         {LoginRefusal::temporary, "-ERR [SYS/TEMP] "},
                                         {LoginRefusal::permanent, "-ERR [SYS/PERM] "}}));
  Conversation c;
  c.owner.refuse_login = row.why;
  c.say("USER ann");
  CHECK(c.say("PASS secret").starts_with(row.code));
  CHECK(c.session.state() == State::authorization);
  CHECK(c.say("PASS secret").starts_with("-ERR"));
  c.owner.refuse_login.reset();
  c.log_in();
}

TEST_CASE("pop3 session: too many bad commands end it", "[pop3d]") {
  Conversation c;
  for (int i = 0; i < 3; ++i) CHECK(c.say("WHAT") == "-ERR unknown command\r\n");
  CHECK(c.say("WHAT") == "-ERR unknown command; too many bad commands\r\n<close>");
  CHECK(c.say("CAPA").empty());
}

TEST_CASE("pop3 session: too many wrong passwords end it", "[pop3d]") {
  Conversation c;
  for (int i = 0; i < 3; ++i) {
    c.say("USER ann");
    CHECK(c.say("PASS wrong") == "-ERR [AUTH] wrong user or password\r\n");
  }
  c.say("USER ann");
  CHECK(c.say("PASS wrong").ends_with("<close>"));
}

TEST_CASE("pop3 session: a bare LF, a bare CR or a NUL ends it, and nothing after is executed",
          "[pop3d]") {
  using namespace std::string_literals;
  const std::string bytes = GENERATE("DELE 1\nDELE 2\r\nQUIT\r\n"s, "DELE 1\rDELE 2\r\nQUIT\r\n"s,
                                     "NOOP\0DELE 1\r\nQUIT\r\n"s, "\n"s, "STAT\r\r\nQUIT\r\n"s);
  Conversation c;
  c.log_in();
  c.session.on_bytes(bytes);
  const std::string answer = c.owner.drain(c.session);
  CHECK(answer.starts_with("-ERR"));
  CHECK(answer.ends_with("\r\n<close>"));
  CHECK(std::count(answer.begin(), answer.end(), '\n') == 1);
  CHECK(c.owner.removed.empty());
}

TEST_CASE("pop3 session: a line of 255 octets is read, a longer one ends it", "[pop3d]") {
  Conversation c;
  c.say("USER ann");
  const std::string verb = "PASS ";
  CHECK(c.say(verb + std::string(Session::kMaxLine - 2 - verb.size(), 'p'))
            .starts_with("-ERR [AUTH]"));
  c.say("USER ann");
  CHECK(c.say(verb + std::string(Session::kMaxLine - 1 - verb.size(), 'p')) ==
        "-ERR the command line is too long\r\n<close>");
}

TEST_CASE("pop3 session: a line that never ends is cut at the limit", "[pop3d]") {
  Conversation c;
  c.session.on_bytes(std::string(Session::kMaxLine - 1, 'A'));
  CHECK(c.owner.drain(c.session).empty());
  c.session.on_bytes("A");
  CHECK(c.owner.drain(c.session) == "-ERR the command line is too long\r\n<close>");
}

TEST_CASE("pop3 session: deleted messages that cannot be removed are told at QUIT", "[pop3d]") {
  Conversation c;
  c.log_in();
  c.say("DELE 1");
  c.say("DELE 2");
  c.owner.failures_to_remove = 1;
  CHECK(c.say("QUIT") == "-ERR [SYS/TEMP] 1 deleted messages could not be removed\r\n<close>");
  CHECK(c.session.totals().deleted == 1);
}

TEST_CASE("pop3 session: without QUIT, or with QUIT before the login, nothing is removed",
          "[pop3d]") {
  Conversation c;
  CHECK(c.say("QUIT") == "+OK bye\r\n<close>");
  CHECK(c.owner.removed.empty());
  Conversation d;
  d.log_in();
  d.say("DELE 1");
  CHECK(d.owner.removed.empty());
}

TEST_CASE("pop3 session: a message that cannot be opened is refused, the session goes on",
          "[pop3d]") {
  Conversation c;
  c.log_in();
  c.owner.portions_before_trouble = 0;
  CHECK(c.say("RETR 1").starts_with("-ERR [SYS/TEMP]"));
  CHECK(c.say("STAT").starts_with("+OK"));
  CHECK(c.session.totals().retrieved == 0);
}

TEST_CASE("pop3 session: a message that breaks off ends the connection without the final dot",
          "[pop3d]") {
  Conversation c;
  c.log_in();
  c.owner.portion_octets = 5;
  c.owner.portions_before_trouble = 2;
  CHECK(c.say("RETR 1") == "+OK 28 octets\r\nSubject: o<close>");
}

TEST_CASE("pop3 session: an owner that does not ask gets nothing made", "[pop3d]") {
  FakeOwner owner(std::vector<std::string>(5'000, "x\n"));
  Session session(options());
  owner.drain(session);
  owner.command(session, "USER ann");
  owner.command(session, "PASS secret");
  session.on_bytes("LIST\r\nLIST\r\nSTAT\r\n");
  std::size_t portions = 0;
  std::string last;
  while (const auto action = session.next_action()) {
    last = std::get<Send>(*action).bytes;
    CHECK(last.size() < Session::kListPortion + 64);
    ++portions;
  }
  CHECK(portions > 4);
  CHECK(last == "+OK 5000 15000\r\n");
}

TEST_CASE("pop3 session: pipelined commands wait for the verdict before them", "[pop3d]") {
  Session session(options());
  FakeOwner owner(kMail);
  owner.drain(session);
  session.on_bytes("USER ann\r\nPASS secret\r\nSTAT\r\n");
  CHECK(std::get<Send>(*session.next_action()).bytes == "+OK send PASS\r\n");
  const auto login = session.next_action();
  CHECK(std::get<Login>(*login).user == "ann");
  CHECK(session.waiting());
  CHECK_FALSE(session.next_action().has_value());
  session.on_login_refused(LoginRefusal::credentials);
  CHECK(owner.drain(session) == "-ERR [AUTH] wrong user or password\r\n-ERR not in this state\r\n");
}

TEST_CASE("pop3 session: the same bytes give the same answers however they are cut", "[pop3d]") {
  const std::string wire = GENERATE(
      "CAPA\r\nUSER ann\r\nPASS secret\r\nSTAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nTOP 2 1\r\n"
      "DELE 1\r\nRETR 9\r\nNOOP\r\nQUIT\r\nSTAT\r\n",
      "USER ann\r\nPASS wrong\r\nWHAT\r\nUSER b\rc\r\nCAPA\r\n",
      "USER ann\r\nPASS secret\r\nDELE 1\r\nDELE 2\nQUIT\r\n",
      std::string("USER ann\r\nUSER ") + std::string(300, 'a') + "\r\nQUIT\r\n",
      "LANG zh\r\nUTF8\r\nAUTH PLAIN\r\nAGFubgBzZWNyZXQ=\r\nLANG\r\nRETR 1\r\nQUIT\r\n",
      "AUTH LOGIN =\r\n*\r\nAUTH LOGIN YW5u\r\nc2VjcmV0\r\nSTAT\r\n");
  const auto run = [&](std::size_t step) {
    Session session(options());
    FakeOwner owner(kMail);
    std::string seen = owner.drain(session);
    for (std::size_t i = 0; i < wire.size(); i += step) {
      session.on_bytes(std::string_view(wire).substr(i, step));
      seen += owner.drain(session);
    }
    return seen;
  };
  const std::string whole = run(wire.size());
  for (std::size_t step = 1; step < wire.size(); ++step) CHECK(run(step) == whole);
}

}  // namespace pop3d_session_test

#include "common/smtp/client_session.h"

#include "tests/unit/smtp/client_conversation.h"

namespace smtp_client_session_test {

using namespace postrider;
using namespace postrider::smtp;
using smtp::testing::ClientConversation;
using smtp::testing::drain;
using smtp::testing::kPipelining;
using smtp::testing::kPlain;
using smtp::testing::Lines;
using smtp::testing::to;

TEST_CASE("smtp client session: the greeting is answered with EHLO, and HELO where that is refused",
          "[smtp]") {
  struct Case {
    std::string_view script;
    Lines expected;
    bool ready;
  };
  const auto c = GENERATE(values<Case>({
      {"220 mx\r\n250 mx\r\n", {"C: EHLO me.test"}, true},
      {"220 mx\r\n502 what?\r\n250 mx\r\n", {"C: EHLO me.test", "C: HELO me.test"}, true},
      {"220 mx\r\n502 a\r\n550 b\r\n",
       {"C: EHLO me.test", "C: HELO me.test", "C: QUIT", "unusable 550", "close"},
       false},
      {"220 mx\r\n450 later\r\n", {"C: EHLO me.test", "C: QUIT", "unusable 450", "close"}, false},
      {"220 mx\r\n421 bye\r\n", {"C: EHLO me.test", "unusable 421", "close"}, false},
      {"554 no mail here\r\n", {"C: QUIT", "unusable 554", "close"}, false},
      {"450 busy\r\n", {"C: QUIT", "unusable 450", "close"}, false},
      {"421 busy\r\n", {"unusable 421", "close"}, false},
      {"354 odd\r\n", {"C: QUIT", "unusable 354", "close"}, false},
      {"SSH-2.0\r\n", {"unusable 0", "close"}, false},
  }));
  CAPTURE(c.script);
  for (std::size_t step = 1; step <= c.script.size(); ++step) {
    ClientSession session("me.test", TlsLevel::none);
    Lines seen;
    for (std::size_t i = 0; i < c.script.size(); i += step) {
      session.on_bytes(c.script.substr(i, step));
      drain(session, seen);
    }
    CHECK(seen == c.expected);
    CHECK(session.ready() == c.ready);
  }
}

TEST_CASE("smtp client session: without PIPELINING each command waits for its reply", "[smtp]") {
  struct Case {
    std::string_view script;
    Lines expected;
  };
  const Lines both{"C: MAIL FROM:<s@x.test>", "C: RCPT TO:<a@y.test>", "C: RCPT TO:<b@y.test>"};
  const auto then = [&](std::initializer_list<std::string> more) {
    Lines lines = both;
    lines.insert(lines.end(), more);
    return lines;
  };
  const std::vector<Case> cases{
      {"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n",
       then({"C: DATA", "content", "done: delivered(250) delivered(250)"})},
      {"250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n250 queued\r\n",
       then({"C: DATA", "content", "done: failed(550) delivered(250)"})},
      {"250 ok\r\n550 no\r\n450 later\r\n250 reset\r\n",
       then({"C: RSET", "done: failed(550) deferred(450)"})},
      {"250 ok\r\n552 too many\r\n250 ok\r\n354 go\r\n554 spam\r\n",
       then({"C: DATA", "content", "done: deferred(552) failed(554)"})},
      {"250 ok\r\n552 5.2.3 too big for it\r\n250 ok\r\n354 go\r\n250 queued\r\n",
       then({"C: DATA", "content", "done: failed(552) delivered(250)"})},
      {"250 ok\r\n250 ok\r\n250 ok\r\n451 full\r\n250 reset\r\n",
       then({"C: DATA", "C: RSET", "done: deferred(451) deferred(451)"})},
      {"250 ok\r\n250 ok\r\n250 ok\r\n250 odd\r\n250 reset\r\n",
       then({"C: DATA", "C: RSET", "done: deferred(250) deferred(250)"})},
      {"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n354 odd\r\n",
       then({"C: DATA", "content", "done: deferred(354) deferred(354)"})},
      {"250 ok\r\n250 ok\r\n354 odd\r\n354 go\r\n250 queued\r\n",
       then({"C: DATA", "content", "done: delivered(250) deferred(354)"})},
      {"550 not you\r\n", {"C: MAIL FROM:<s@x.test>", "done: failed(550) failed(550)"}},
      {"451 not now\r\n", {"C: MAIL FROM:<s@x.test>", "done: deferred(451) deferred(451)"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.script);
    for (std::size_t step = 1; step <= c.script.size(); ++step) {
      ClientConversation conversation(kPlain);
      CHECK(conversation.run(to({"a@y.test", "b@y.test"}), c.script, step) == c.expected);
      CHECK(conversation.session.ready());
    }
  }
}

TEST_CASE("smtp client session: with PIPELINING the envelope is one flight", "[smtp]") {
  struct Case {
    std::string_view script;
    Lines then;
  };
  const Lines flight{"C: MAIL FROM:<s@x.test> SIZE=100", "C: RCPT TO:<a@y.test>",
                     "C: RCPT TO:<b@y.test>", "C: DATA"};
  const std::vector<Case> cases{
      {"250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n250 queued\r\n",
       {"content", "done: delivered(250) failed(550)"}},
      // RFC 2920 section 3.1: DATA was accepted though no recipient was.
      {"250 ok\r\n550 no\r\n450 later\r\n354 go\r\n554 nobody\r\n",
       {"C: .", "done: failed(550) deferred(450)"}},
      {"250 ok\r\n550 no\r\n450 later\r\n503 nobody\r\n250 reset\r\n",
       {"C: RSET", "done: failed(550) deferred(450)"}},
      {"550 not you\r\n503 mail?\r\n503 mail?\r\n503 mail?\r\n250 reset\r\n",
       {"C: RSET", "done: failed(550) failed(550)"}},
      // A server that minds no order: MAIL's refusal stands.
      {"451 not now\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n",
       {"C: .", "done: deferred(451) deferred(451)"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.script);
    Lines expected = flight;
    expected.insert(expected.end(), c.then.begin(), c.then.end());
    for (std::size_t step = 1; step <= c.script.size(); ++step) {
      ClientConversation conversation(kPipelining);
      CHECK(conversation.run(to({"a@y.test", "b@y.test"}), c.script, step) == expected);
      CHECK(conversation.session.ready());
    }
  }
}

TEST_CASE("smtp client session: one message follows another on the same connection", "[smtp]") {
  ClientConversation conversation(kPipelining);
  const std::string_view script = "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n";
  const Lines expected{"C: MAIL FROM:<s@x.test> SIZE=100", "C: RCPT TO:<a@y.test>", "C: DATA",
                       "content", "done: delivered(250)"};
  CHECK(conversation.run(to({"a@y.test"}), script) == expected);
  CHECK(conversation.run(to({"a@y.test"}), script) == expected);

  conversation.session.quit();
  conversation.session.on_bytes("221 bye\r\n");
  drain(conversation.session, conversation.seen);
  CHECK(conversation.seen == Lines{"C: QUIT", "close"});
}

TEST_CASE(
    "smtp client session: after 421, silence, loss or garbage the rest is untried, and "
    "deferred once the message was sent whole",
    "[smtp]") {
  const std::vector<std::string> script{"250 ok\r\n", "550 no\r\n", "250 ok\r\n", "354 go\r\n"};
  const std::vector<std::pair<std::string, int>> troubles{
      {"421 closing", 421}, {"timeout", 0}, {"lost", 0}, {"garbage", 0}};
  for (const auto& [trouble, code] : troubles) {
    for (std::size_t answered = 0; answered <= script.size(); ++answered) {
      CAPTURE(trouble, answered);
      ClientConversation conversation(kPipelining);
      std::string replies;
      for (std::size_t i = 0; i < answered; ++i) replies += script[i];
      conversation.run(to({"a@y.test", "b@y.test"}), replies);
      if (trouble == "421 closing") conversation.session.on_bytes("421 closing\r\n");
      if (trouble == "timeout") conversation.session.on_timeout();
      if (trouble == "lost") conversation.session.on_closed({});
      if (trouble == "garbage") conversation.session.on_bytes("?\r\n");
      drain(conversation.session, conversation.seen);
      const std::string first = answered < 2 ? fmt::format("untried({})", code) : "failed(550)";
      const std::string second =
          fmt::format("{}({})", answered == script.size() ? "deferred" : "untried", code);
      CHECK(conversation.seen == Lines{"done: " + first + " " + second, "close"});
    }
  }
}

TEST_CASE("smtp client session: a reply in the middle of the content ends the connection",
          "[smtp]") {
  const auto [reply, outcome] = GENERATE(table<std::string, std::string>({
      {"552 5.3.4 too big\r\n", "done: failed(552)"},
      {"451 disk\r\n", "done: deferred(451)"},
      {"250 ok\r\n", "done: untried(0)"},
  }));
  ClientSession session("me.test", TlsLevel::none);
  session.on_bytes(kPlain);
  session.start(to({"a@y.test"}));
  session.on_bytes("250 ok\r\n250 ok\r\n354 go\r\n");
  while (session.next_action()) {
  }
  REQUIRE(session.wait() == ClientSession::Wait::content);
  session.on_bytes(reply);
  session.on_content_sent();
  Lines seen;
  drain(session, seen);
  CHECK(seen == Lines{outcome, "close"});
}

TEST_CASE("smtp client session: a message above the server's SIZE is not sent", "[smtp]") {
  ClientConversation conversation(kPipelining);
  ClientTransaction large = to({"a@y.test"});
  large.size = 1001;
  CHECK(conversation.run(std::move(large), "") == Lines{"done: failed(0)"});
  CHECK(conversation.session.ready());
}

TEST_CASE("smtp client session: a recipient that would break the line is refused, not sent",
          "[smtp]") {
  ClientConversation conversation(kPlain);
  CHECK(conversation.run(to({"a\r\nDATA@y.test", "b@y.test"}),
                         "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n") ==
        Lines{"C: MAIL FROM:<s@x.test>", "C: RCPT TO:<b@y.test>", "C: DATA", "content",
              "done: failed(0) delivered(250)"});
}

TEST_CASE("smtp client session: octets that nobody asked for close an idle connection", "[smtp]") {
  ClientConversation conversation(kPlain);
  conversation.session.on_bytes("421 idle too long\r\n");
  drain(conversation.session, conversation.seen);
  CHECK(conversation.seen == Lines{"close"});
  conversation.session.on_bytes("250 more\r\n");
  conversation.session.on_timeout();
  conversation.session.on_closed({});
  CHECK_FALSE(conversation.session.next_action());
}

TEST_CASE("smtp client session: without SMTPUTF8 a recipient beyond ASCII fails alone", "[smtp]") {
  const ClientTransaction transaction = to({"b@y.test", "\xe6\x9d\x8e@y.test"});
  CHECK(
      ClientConversation(kPlain).run(transaction, "250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n") ==
      Lines{"C: MAIL FROM:<s@x.test>", "C: RCPT TO:<b@y.test>", "C: DATA", "content",
            "done: delivered(250) failed(0)"});
  CHECK(ClientConversation("220 mx\r\n250-mx\r\n250 SMTPUTF8\r\n")
            .run(to({"\xe6\x9d\x8e@y.test"}), "250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n") ==
        Lines{"C: MAIL FROM:<s@x.test> SMTPUTF8", "C: RCPT TO:<\xe6\x9d\x8e@y.test>", "C: DATA",
              "content", "done: delivered(250)"});
}

TEST_CASE("smtp client session: a refusal is told with the command that it answers", "[smtp]") {
  struct Case {
    std::string_view hello, script;
    Lines commands;  // by recipient
  };
  const auto c = GENERATE(values<Case>({
      {kPlain, "550 no\r\n", {"MAIL FROM:<s@x.test>", "MAIL FROM:<s@x.test>"}},
      {kPlain,
       "250 ok\r\n550 no\r\n450 later\r\n250 reset\r\n",
       {"RCPT TO:<a@y.test>", "RCPT TO:<b@y.test>"}},
      {kPipelining,
       "250 ok\r\n250 ok\r\n550 no\r\n554 no\r\n250 reset\r\n",
       {"DATA", "RCPT TO:<b@y.test>"}},
      {kPipelining,
       "550 no\r\n503 MAIL?\r\n503 MAIL?\r\n503 RCPT?\r\n",
       {"MAIL FROM:<s@x.test>", "MAIL FROM:<s@x.test>"}},
      {kPipelining,
       "250 ok\r\n550 no\r\n421 bye\r\n",
       {"RCPT TO:<a@y.test>", "RCPT TO:<b@y.test>"}},
      {kPlain,
       "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n554 spam\r\n",
       {"the end of the message", "the end of the message"}},
      {kPlain, "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n", {"", ""}},
      {kPlain, "this is no reply\r\n", {"", ""}},
  }));
  ClientSession session("me.test", TlsLevel::none);
  session.on_bytes(c.hello);
  Lines seen;
  drain(session, seen);
  session.start(to({"a@y.test", "b@y.test"}));
  Lines commands;
  std::string_view rest = c.script;
  while (true) {
    const auto action = session.next_action();
    if (action && std::holds_alternative<ClientSession::SendContent>(*action))
      session.on_content_sent();
    if (action && std::holds_alternative<ClientSession::Done>(*action))
      for (const RecipientOutcome& one : std::get<ClientSession::Done>(*action).outcomes)
        commands.push_back(one.command);
    if (action) continue;
    if (rest.empty()) break;
    const std::size_t line = rest.find('\n') + 1;
    session.on_bytes(rest.substr(0, line));
    rest.remove_prefix(line);
  }
  CAPTURE(c.script);
  CHECK(commands == c.commands);
}

}  // namespace smtp_client_session_test

#include "common/smtp/server_session.h"

#include <catch2/catch.hpp>

#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_server_session_test {

using namespace postrider::smtp;
using testing::codes;
using testing::Conversation;
using testing::Message;

namespace {

constexpr std::string_view kEnvelope =
    "EHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\n";

// A conversation after its greeting.
Conversation& greeted(Conversation& conversation) {
  conversation.heard();
  return conversation;
}

}  // namespace

TEST_CASE("smtp server session: a message goes from greeting to commit", "[smtp]") {
  Conversation c;
  CHECK(c.heard() == "220 mx.test ESMTP Postrider\r\n");
  CHECK(c.say("EHLO a.test\r\n") ==
        "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n"
        "250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n"
        "250-MT-PRIORITY\r\n"
        "250 LIMITS RCPTMAX=1000\r\n");
  CHECK(c.session.extended());
  CHECK(c.session.client_name() == "a.test");
  CHECK(c.say("MAIL FROM:<a@a.test> SIZE=10 BODY=8BITMIME\r\n") == "250 2.1.0 sender ok\r\n");
  CHECK(c.session.transaction().mail.size == 10);
  CHECK(c.session.transaction().mail.body == Body::eight_bit_mime);
  CHECK(c.say("RCPT TO:<b@b.test>\r\n") == "250 2.1.5 recipient ok\r\n");
  CHECK(c.say("DATA\r\n") == "354 end data with <CR><LF>.<CR><LF>\r\n");
  CHECK(c.session.receiving());
  CHECK(c.say("Subject: x\r\n\r\n..dot\r\n") == "");
  CHECK(c.say(".\r\n") == "250 2.0.0 queued\r\n");
  CHECK(c.messages ==
        std::vector<Message>{{"a@a.test", {"b@b.test"}, "Subject: x\r\n\r\n.dot\r\n"}});
  CHECK(c.say("QUIT\r\n") == "221 2.0.0 mx.test closing\r\n");
  CHECK(c.closed);
  CHECK(c.aborted.empty());
}

TEST_CASE("smtp server session: the same bytes give the same replies however they are cut",
          "[smtp]") {
  const std::string wire = std::string(kEnvelope) +
                           "NOPE\r\nRCPT TO:<c@c.test>\r\nDATA\r\nA: b\r\n\r\n..x\r\n.\r\n"
                           "MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\nbare\nlf\r\n.\r\n"
                           "NOOP x\r\n" +
                           std::string(600, 'x') + "\r\nRSET\r\nQUIT\r\nNOOP\r\n";
  Conversation whole;
  const std::string expected = whole.say(wire);
  CHECK(codes(expected) == "220 250 250 250 500 250 354 250 250 250 354 550 250 500 250 221");
  for (std::size_t step = 1; step < wire.size(); step += step < 40 ? 1 : 37) {
    Conversation cut;
    CHECK(cut.say(wire, step) == expected);
    CHECK(cut.messages == whole.messages);
    CHECK(cut.closed);
  }
}

TEST_CASE("smtp server session: each command is legal in its states alone", "[smtp]") {
  struct Row {
    std::string_view before;
    std::string_view command;
    std::string_view reply;
  };
  const auto row = GENERATE(values<Row>({
      {"", "MAIL FROM:<a@b>", "503 5.5.1 "},
      {"", "RCPT TO:<a@b>", "503 5.5.1 "},
      {"", "DATA", "503 5.5.1 "},
      {"", "RSET", "250 2.0.0 "},
      {"", "NOOP", "250 2.0.0 "},
      {"", "VRFY a", "252 2.5.2 "},
      {"", "EXPN a", "502 5.5.1 "},
      {"", "HELP", "214-2.0.0 "},
      {"EHLO a\r\n", "RCPT TO:<a@b>", "503 5.5.1 MAIL first"},
      {"EHLO a\r\n", "DATA", "503 5.5.1 MAIL first"},
      {"EHLO a\r\nMAIL FROM:<a@b>\r\n", "MAIL FROM:<a@b>", "503 5.5.1 "},
      {"EHLO a\r\nMAIL FROM:<a@b>\r\n", "DATA", "554 5.5.1 no valid recipients"},
      {"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n", "MAIL FROM:<a@b>", "503 5.5.1 "},
      {"EHLO a\r\nMAIL FROM:<a@b>\r\nRSET\r\n", "RCPT TO:<a@b>", "503 5.5.1 "},
      {"EHLO a\r\nMAIL FROM:<a@b>\r\nHELO a\r\n", "RCPT TO:<a@b>", "503 5.5.1 "},
      {"EHLO a\r\nMAIL FROM:<a@b>\r\nEHLO\r\n", "RCPT TO:<a@b>", "250 2.1.5 "},
      {"EHLO a\r\n", "STARTTLS", "502 5.5.1 "},
      {"EHLO a\r\n", "AUTH PLAIN AGEAYg==", "502 5.5.1 "},
      {"EHLO a\r\n", "FOOB", "500 5.5.2 "},
      {"EHLO a\r\n", "", "500 5.5.2 "},
      {"EHLO a\r\n", " NOOP", "500 5.5.2 "},
      {"EHLO a\r\n", "RSET x", "501 5.5.4 "},
      {"EHLO a\r\n", "QUIT x", "501 5.5.4 "},
      {"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n", "DATA x", "501 5.5.4 "},
      {"", "EHLO", "501 5.5.4 "},
      {"", "HELO a b", "501 5.5.4 "},
      {"", "GET / HTTP/1.1", "421 4.7.0 "},
      {"", "\x16\x03\x01", "421 4.7.0 "},
  }));
  CAPTURE(row.before, row.command);
  Conversation c;
  c.say(row.before);
  const std::string reply = c.say(std::string(row.command) + "\r\n");
  CHECK(reply.starts_with(row.reply));
  CHECK(c.closed == reply.starts_with("421"));
}

TEST_CASE("smtp server session: a refused sender or recipient changes no state", "[smtp]") {
  Conversation c;
  c.on_sender = [](const Mailbox& sender) {
    return sender.local_part == "bad" ? Reply{550, "5.7.1", "no"} : Reply{250, "2.1.0", "ok"};
  };
  c.on_recipient = [](const Mailbox& recipient) {
    return recipient.local_part == "bad" ? Reply{550, "5.1.1", "no"} : Reply{250, "2.1.5", "ok"};
  };
  CHECK(codes(c.say("EHLO a\r\nMAIL FROM:<bad@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n")) ==
        "220 250 550 503 503");
  CHECK(codes(c.say("MAIL FROM:<a@b>\r\nRCPT TO:<bad@b>\r\nDATA\r\n")) == "250 550 554");
  CHECK(codes(c.say("RCPT TO:<a@b>\r\nRCPT TO:<bad@b>\r\nDATA\r\n.\r\n")) == "250 550 354 250");
  REQUIRE(c.messages.size() == 1);
  CHECK(c.messages[0] == Message{"a@b", {"a@b"}, ""});
}

TEST_CASE("smtp server session: commands out of sequence are bad commands", "[smtp]") {
  const auto [before, again] = GENERATE(
      table<const char*, std::string>({{"", "MAIL FROM:<a@b>\r\n"},
                                       {"EHLO a\r\n", "RCPT TO:<a@b>\r\n"},
                                       {"EHLO a\r\n", "DATA\r\n"},
                                       {"EHLO a\r\n", "BDAT 3 LAST\r\nabc"},
                                       {"EHLO a\r\nMAIL FROM:<a@b>\r\n", "DATA\r\n"},
                                       {"EHLO a\r\nMAIL FROM:<a@b>\r\n", "BDAT 3\r\nabc"},
                                       {"EHLO a\r\nMAIL FROM:<a@b>\r\n", "MAIL FROM:<a@b>\r\n"}}));
  Conversation c({.hostname = "mx.test", .bad_command_limit = 3});
  c.say(before);
  for (int i = 0; i < 2; ++i) c.say(again);
  CHECK(c.session.errors() == 2);
  CHECK_FALSE(c.closed);
  CHECK(c.say(again).find("421 4.7.0 mx.test closing: too many bad commands") != std::string::npos);
  CHECK(c.closed);
}

TEST_CASE("smtp server session: what was pipelined behind a refusal is no fault of the client",
          "[smtp]") {
  Conversation c({.hostname = "mx.test", .bad_command_limit = 1});
  c.on_sender = [](const Mailbox& sender) {
    return sender.local_part == "bad" ? Reply{550, "5.7.1", "no"} : Reply{250, "2.1.0", "ok"};
  };
  c.on_recipient = [](const Mailbox&) { return Reply{450, "4.2.1", "not now"}; };
  c.say("EHLO a\r\n");
  CHECK(codes(c.say("MAIL FROM:<bad@b>\r\nRCPT TO:<a@b>\r\nRCPT TO:<b@b>\r\nDATA\r\n")) ==
        "550 503 503 503");
  CHECK(codes(c.say("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n")) == "250 450 554");
  CHECK(codes(c.say("RCPT TO:<a@b>\r\nBDAT 3\r\nabcBDAT 3 LAST\r\nabc")) == "450 554 554");
  CHECK(c.session.errors() == 0);
  CHECK(codes(c.say("RSET\r\nDATA\r\n")) == "250 503 421");
}

TEST_CASE(
    "smtp server session: pipelined commands wait for the verdict, and their replies go "
    "together",
    "[smtp]") {
  Conversation c;
  greeted(c);
  c.sends = 0;
  CHECK(codes(c.say(std::string(kEnvelope) + "DATA\r\n")) == "250 250 250 354");
  CHECK(c.sends == 1);

  c.say(".\r\n");
  c.held_back = true;
  CHECK(c.say("MAIL FROM:<a@b>\r\nRCPT TO:<b@b>\r\nNOOP\r\n") == "");
  CHECK(c.session.waiting());
  CHECK(c.session.unprocessed() == std::string_view("RCPT TO:<b@b>\r\nNOOP\r\n").size());
  c.held_back = false;
  c.act();
  CHECK(codes(c.heard()) == "250 250 250");
  CHECK(c.session.unprocessed() == 0);
}

TEST_CASE("smtp server session: DATA is granted before content is read", "[smtp]") {
  Conversation c;
  c.say(kEnvelope);
  c.on_open = [] { return Reply{452, "4.3.1", "insufficient system storage"}; };
  CHECK(codes(c.say("DATA\r\n")) == "452");
  CHECK(codes(c.say("NOOP\r\n.\r\n")) == "250 500");
  c.on_open = [] { return Reply{250, "", ""}; };
  CHECK(codes(c.say("DATA\r\nNOOP\r\n.\r\n")) == "354 250");
  REQUIRE(c.messages.size() == 1);
  CHECK(c.messages[0].content == "NOOP\r\n");
}

TEST_CASE("smtp server session: a message that is not durable is not accepted", "[smtp]") {
  Conversation c;
  c.on_commit = [] { return Reply{451, "4.3.0", "try again"}; };
  CHECK(codes(c.say(std::string(kEnvelope) + "DATA\r\nx\r\n.\r\nRCPT TO:<a@b>\r\n")) ==
        "220 250 250 250 354 451 503");
}

TEST_CASE("smtp server session: a defect of the content refuses the message at its true end",
          "[smtp]") {
  struct Row {
    std::string content;
    std::string_view reply;
  };
  const auto row = GENERATE(values<Row>({
      {"a\n.\nMAIL FROM:<evil@x>\r\n", "550 5.6.11 "},
      {"a\r.\r\r\n", "550 5.6.11 "},
      {std::string("a\0b\r\n", 5), "550 5.6.0 "},
      {std::string(1001, 'x') + "\r\n", "554 5.6.0 "},
  }));
  Conversation c;
  c.say(std::string(kEnvelope) + "DATA\r\n");
  CHECK(c.say(row.content) == "");
  CHECK(c.aborted.size() == 1);
  CHECK(c.say(".\r\n").starts_with(row.reply));
  CHECK(c.messages.empty());
  CHECK(codes(c.say("RCPT TO:<a@b>\r\nMAIL FROM:<a@b>\r\n")) == "503 250");
}

TEST_CASE("smtp server session: the message size holds by SIZE= and by count", "[smtp]") {
  Conversation c({.hostname = "mx.test", .message_size_limit = 10});
  CHECK(codes(c.say("EHLO a\r\nMAIL FROM:<a@b> SIZE=11\r\n")) == "220 250 552");
  CHECK(codes(c.say("MAIL FROM:<a@b> SIZE=10\r\nRCPT TO:<a@b>\r\nDATA\r\n")) == "250 250 354");
  CHECK(c.say("12345678\r\n.\r\n") == "250 2.0.0 queued\r\n");
  c.say("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
  CHECK(c.say("123456789\r\n") == "");
  CHECK(c.aborted.size() == 1);
  CHECK(c.say("more\r\n") == "");
  CHECK(c.session.unprocessed() == 0);
  CHECK(c.say(".\r\n").starts_with("552 5.3.4 "));
  CHECK(c.messages.size() == 1);
}

TEST_CASE("smtp server session: what is refused is passed over, but not without end", "[smtp]") {
  const std::string content = GENERATE("12345678901\r\n", "bare\nlf\r\n");
  Conversation c({.hostname = "mx.test", .message_size_limit = 10});
  c.say(std::string(kEnvelope) + "DATA\r\n" + content);
  const auto before = c.session.progress().content;
  const std::size_t step = GENERATE(std::string_view::npos, std::size_t{1});
  CHECK(c.say("12345\r\n.\r", step) == "");
  CHECK(codes(c.say("\nMAIL FROM:<a@a>\r\n", step)).ends_with(" 250"));
  CHECK(c.session.progress().content == before);
  c.say("RCPT TO:<b@b>\r\nDATA\r\n" + content);
  CHECK(codes(c.say("123456789\r\n123456789\r\nQUIT\r\n.\r\n", step)).starts_with("55"));
  CHECK(c.closed);
  CHECK(c.messages.empty());
}

TEST_CASE("smtp server session: the owner refuses a message and gives its own reason", "[smtp]") {
  Conversation c;
  c.say(std::string(kEnvelope) + "DATA\r\nA: b\r\n");
  c.session.on_message_refused({554, "5.4.6", "loop"});
  CHECK(c.say("more\r\n.\r\n") == "554 5.4.6 loop\r\n");
  CHECK(c.messages.empty());
  CHECK(c.aborted.empty());
}

TEST_CASE("smtp server session: the transaction stands while its owner drops a refused message",
          "[smtp]") {
  Conversation c;
  c.say(std::string(kEnvelope) + "DATA\r\n");
  c.session.on_bytes("bare\nlf\r\n.\r\n");  // the defect and the end in one
  const auto action = c.session.next_action();
  REQUIRE(action);
  CHECK(std::holds_alternative<AbortMessage>(*action));
  CHECK(c.session.transaction().mail.sender.str() == "a@a.test");
  CHECK(c.session.transaction().recipients.size() == 1);
  CHECK(c.session.receiving());
  c.act();
  CHECK(c.heard().starts_with("550 5.6.11 "));
  CHECK(c.session.transaction().recipients.empty());
}

TEST_CASE("smtp server session: a time-out says so, and drops the message under way", "[smtp]") {
  Conversation c;
  c.say(kEnvelope);
  const bool in_message = GENERATE(false, true);
  if (in_message) c.say("DATA\r\nx\r\n");
  c.session.on_timeout();
  c.act();
  CHECK(c.heard().starts_with("421 4.4.2 "));
  CHECK(c.closed);
  CHECK(c.aborted.size() == (in_message ? 1 : 0));
  CHECK(c.say("NOOP\r\n") == "");
}

TEST_CASE("smtp server session: a shutdown ends the conversation between commands", "[smtp]") {
  Conversation c;
  greeted(c);
  SECTION("at once when nothing is under way") {
    c.session.on_shutdown();
    c.act();
    CHECK(c.heard().starts_with("421 4.3.2 "));
    CHECK(c.closed);
  }
  SECTION("after the verdict that is awaited") {
    c.held_back = true;
    c.say(kEnvelope);
    c.session.on_shutdown();
    c.act();
    CHECK_FALSE(c.closed);
    c.held_back = false;
    c.act();
    CHECK(codes(c.heard()) == "250 250 421");
    CHECK(c.closed);
  }
  SECTION("after the message under way") {
    c.say(std::string(kEnvelope) + "DATA\r\n");
    c.session.on_shutdown();
    c.act();
    CHECK_FALSE(c.closed);
    CHECK(codes(c.say("x\r\n.\r\n")) == "250 421");
    CHECK(c.messages.size() == 1);
    CHECK(c.closed);
  }
}

TEST_CASE("smtp server session: a verdict of 421 closes", "[smtp]") {
  Conversation c;
  c.on_sender = [](const Mailbox&) { return Reply{421, "4.7.0", "go away"}; };
  CHECK(codes(c.say("EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n")) == "220 250 421");
  CHECK(c.closed);
}

TEST_CASE("smtp server session: VRFY and EXPN ask the directory where they are on", "[smtp]") {
  Conversation c({.hostname = "mx.test", .vrfy = true, .expn = true});
  greeted(c);
  CHECK(c.say("VRFY <a@b>\r\n") == "250 2.1.5 a@b\r\n");
  CHECK(c.say("EXPN staff@b\r\n") == "250 2.1.5 staff@b\r\n");
  CHECK(c.say("VRFY\r\n").starts_with("501 5.1.3 "));
}

TEST_CASE("smtp server session: a long line is refused once and kept nowhere", "[smtp]") {
  Conversation c;
  greeted(c);
  CHECK(c.say("EHLO " + std::string(100'000, 'A')).starts_with("500 5.5.2 "));
  for (int i = 0; i < 100; ++i) CHECK(c.say(std::string(10'000, 'A')) == "");
  CHECK(c.session.unprocessed() == 0);
  CHECK(codes(c.say("\r\nNOOP\r\n")) == "250");
}

TEST_CASE("smtp server session: what the sender wants to be told goes with the transaction",
          "[smtp]") {
  Conversation c;
  c.say(
      "EHLO a.test\r\nMAIL FROM:<a@a.test> RET=HDRS ENVID=q+2B1\r\n"
      "RCPT TO:<b@b.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;B@b.test\r\nRCPT TO:<c@c.test>\r\n");
  const Transaction& t = c.session.transaction();
  CHECK(t.mail.ret == "HDRS");
  CHECK(t.mail.envid == "q+1");
  REQUIRE(t.recipients.size() == 2);
  CHECK(t.recipients[0].notify == "SUCCESS,DELAY");
  CHECK(t.recipients[0].orcpt == "rfc822;B@b.test");
  CHECK(t.recipients[1].notify.empty());
  CHECK(codes(c.say("RCPT TO:<d@d.test> NOTIFY=NEVER,DELAY\r\nRSET\r\nMAIL FROM:<> ENVID==\r\n")) ==
        "501 250 501");
}

TEST_CASE("smtp server session: what is not offered is not known", "[smtp]") {
  Conversation c({.hostname = "mx.test", .offered = {.pipelining = true}});
  greeted(c);
  CHECK(c.say("EHLO a.test\r\n") == "250-mx.test\r\n250 PIPELINING\r\n");
  CHECK(codes(c.say("MAIL FROM:<a@a.test> SIZE=1\r\nMAIL FROM:<a@a.test>\r\n"
                    "RCPT TO:<b@b.test> NOTIFY=NEVER\r\n")) == "555 250 555");
}

TEST_CASE("smtp server session: who is told of no status codes is given none", "[smtp]") {
  Conversation c({.hostname = "mx.test", .offered = {}});
  greeted(c);
  CHECK(c.say("EHLO a.test\r\nRSET\r\nNONSENSE\r\n") ==
        "250 mx.test\r\n250 ok\r\n500 command not recognized\r\n");
}

TEST_CASE("smtp server session: addresses beyond ASCII go with a transaction of SMTPUTF8",
          "[smtp]") {
  Conversation c({.hostname = "mx.test", .vrfy = true});
  c.say("EHLO a.test\r\n");
  c.heard();
  CHECK(c.say("MAIL FROM:<j\xc3\xb6rg@x.test>\r\n").starts_with("553 5.6.7 "));
  CHECK(codes(c.say("MAIL FROM:<a@x.test>\r\nRCPT TO:<\xe6\x9d\x8e@x.test>\r\nRSET\r\n")) ==
        "250 553 250");
  CHECK(codes(c.say(
            "MAIL FROM:<j\xc3\xb6rg@x.test> SMTPUTF8\r\nRCPT TO:<\xe6\x9d\x8e@b\xc3\xbc.test>\r\n"
            "DATA\r\n.\r\n")) == "250 250 354 250");
  CHECK(c.messages ==
        std::vector<Message>{{"j\xc3\xb6rg@x.test", {"\xe6\x9d\x8e@xn--b-eha.test"}, ""}});
  CHECK(c.say("VRFY \xe6\x9d\x8e@x.test\r\n").starts_with("553 5.6.7 "));
  CHECK(c.say("VRFY \xe6\x9d\x8e@x.test SMTPUTF8\r\n") == "250 2.1.5 \xe6\x9d\x8e@x.test\r\n");
}

}  // namespace smtp_server_session_test

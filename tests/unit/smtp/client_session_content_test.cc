// How the client session brings the content: by BDAT, and to a server of LMTP.
#include "tests/unit/smtp/client_conversation.h"

using namespace postrider;
using namespace postrider::smtp;
using smtp::test::ClientConversation;
using smtp::test::drain;
using smtp::test::Lines;
using smtp::test::to;

namespace {

constexpr std::string_view kChunking = "220 mx\r\n250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n";
constexpr std::string_view kChunkingAlone = "220 mx\r\n250-mx\r\n250 CHUNKING\r\n";
constexpr std::string_view kLmtpPipelining = "220 store\r\n250-store\r\n250 PIPELINING\r\n";
constexpr std::string_view kLmtpChunking =
    "220 store\r\n250-store\r\n250-PIPELINING\r\n250 CHUNKING\r\n";
constexpr Dialect kLmtp{Protocol::lmtp};

struct Case {
  std::string_view script;
  Lines then;  // behind the envelope
};

ClientTransaction of_size(std::uint64_t size) {
  ClientTransaction transaction = to({"a@y.test", "b@y.test"});
  transaction.size = size;
  return transaction;
}

Lines behind(const Lines& envelope, const Lines& then) {
  Lines all = envelope;
  all.insert(all.end(), then.begin(), then.end());
  return all;
}

// Each case with its replies in portions of each size.
void check_all(std::string_view hello, Dialect dialect, std::uint64_t size, const Lines& envelope,
               const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    CAPTURE(c.script);
    for (std::size_t step = 1; step <= c.script.size(); ++step) {
      ClientConversation conversation(hello, dialect);
      CHECK(conversation.run(of_size(size), c.script, step) == behind(envelope, c.then));
      CHECK(conversation.session.ready() == (c.then.back() != "close"));
    }
  }
}

const Lines kEnvelope{"C: MAIL FROM:<s@x.test>", "C: RCPT TO:<a@y.test>", "C: RCPT TO:<b@y.test>"};

}  // namespace

TEST_CASE("smtp client session: a small message goes in one flight with its envelope by BDAT",
          "[smtp]") {
  check_all(
      kChunking, {}, 100, behind(kEnvelope, {"C: BDAT 100 LAST", "chunk 100"}),
      {
          {"250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n", {"done: delivered(250) delivered(250)"}},
          {"250 ok\r\n250 ok\r\n550 no\r\n250 taken\r\n", {"done: delivered(250) failed(550)"}},
          {"250 ok\r\n250 ok\r\n550 no\r\n554 spam\r\n250 reset\r\n",
           {"C: RSET", "done: failed(554) failed(550)"}},
          {"250 ok\r\n250 ok\r\n250 ok\r\n354 odd\r\n250 reset\r\n",
           {"C: RSET", "done: deferred(354) deferred(354)"}},
          // RFC 3030 section 2: without a recipient BDAT is refused, its octets are taken.
          {"250 ok\r\n550 no\r\n450 later\r\n503 nobody\r\n250 reset\r\n",
           {"C: RSET", "done: failed(550) deferred(450)"}},
          {"451 not now\r\n503 MAIL?\r\n503 MAIL?\r\n503 MAIL?\r\n250 reset\r\n",
           {"C: RSET", "done: deferred(451) deferred(451)"}},
          // A server that minds no order: MAIL's refusal stands.
          {"550 not you\r\n250 ok\r\n250 ok\r\n250 taken\r\n", {"done: failed(550) failed(550)"}},
      });
}

TEST_CASE("smtp client session: where it does not fit a flight, chunks wait for a recipient",
          "[smtp]") {
  check_all(kChunking, {}, ClientSession::kOneFlight + 1, kEnvelope,
            {
                {"250 ok\r\n250 ok\r\n550 no\r\n|250 taken\r\n",
                 {"C: BDAT 65537 LAST", "chunk 65537", "done: delivered(250) failed(550)"}},
                {"250 ok\r\n550 no\r\n550 no\r\n250 reset\r\n",
                 {"C: RSET", "done: failed(550) failed(550)"}},
            });
  ClientConversation conversation(kChunking);
  CHECK(conversation.run(of_size(ClientSession::kOneFlight), "").back() == "chunk 65536");
}

TEST_CASE("smtp client session: a large message goes in chunks, each when the last was taken",
          "[smtp]") {
  check_all(
      kChunking, {}, 2 * ClientSession::kChunk + 5, kEnvelope,
      {
          {"250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n|250 2\r\n|250 taken\r\n",
           {"C: BDAT 1048576", "chunk 1048576", "C: BDAT 1048576", "chunk 1048576",
            "C: BDAT 5 LAST", "chunk 5", "done: delivered(250) delivered(250)"}},
          {"250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n|552 5.3.4 too big\r\n250 reset\r\n",
           {"C: BDAT 1048576", "chunk 1048576", "C: BDAT 1048576", "chunk 1048576", "C: RSET",
            "done: failed(552) failed(552)"}},
          // Once a chunk was taken, this is no word on BDAT.
          {"250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n|503 what?\r\n250 reset\r\n",
           {"C: BDAT 1048576", "chunk 1048576", "C: BDAT 1048576", "chunk 1048576", "C: RSET",
            "done: failed(503) failed(503)"}},
          {"250 ok\r\n250 ok\r\n250 ok\r\n|354 odd\r\n250 reset\r\n",
           {"C: BDAT 1048576", "chunk 1048576", "C: RSET", "done: deferred(354) deferred(354)"}},
      });
  ClientConversation conversation(kChunking);
  const Lines seen =
      conversation.run(of_size(ClientSession::kChunk), "250 a\r\n250 b\r\n250 c\r\n");
  CHECK(seen.back() == "chunk 1048576");
  CHECK(seen[seen.size() - 2] == "C: BDAT 1048576 LAST");
}

TEST_CASE("smtp client session: without PIPELINING BDAT waits for the replies to RCPT", "[smtp]") {
  check_all(kChunkingAlone, {}, 100, kEnvelope,
            {
                {"250 ok\r\n250 ok\r\n250 ok\r\n|250 taken\r\n",
                 {"C: BDAT 100 LAST", "chunk 100", "done: delivered(250) delivered(250)"}},
                {"250 ok\r\n550 no\r\n450 later\r\n250 reset\r\n",
                 {"C: RSET", "done: failed(550) deferred(450)"}},
            });
}

TEST_CASE("smtp client session: where chunking is forgone the content goes by DATA", "[smtp]") {
  ClientConversation conversation(kChunking, {.chunking = false});
  CHECK(conversation.run(of_size(100), "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n") ==
        behind(kEnvelope, {"C: DATA", "content", "done: delivered(250) delivered(250)"}));
}

TEST_CASE("smtp client session: a server that refuses the BDAT it offers is told of", "[smtp]") {
  const auto size = GENERATE(std::uint64_t{100}, 2 * ClientSession::kChunk);
  const auto reply = GENERATE(as<std::string>(), "500 what?", "502 no", "503 order");
  ClientSession session("me.test", TlsLevel::none);
  session.on_bytes(kChunking);
  session.start(of_size(size));
  session.on_bytes("250 ok\r\n250 ok\r\n550 no\r\n");
  const bool in_the_middle = GENERATE(true, false);
  if (in_the_middle) session.on_bytes(reply + "\r\n");
  bool failed = false, closed = false;
  Lines outcomes;
  while (const auto action = session.next_action()) {
    if (std::holds_alternative<ClientSession::SendChunk>(*action)) session.on_content_sent();
    if (const auto* done = std::get_if<ClientSession::Done>(&*action)) {
      failed = done->chunking_failed;
      for (const RecipientOutcome& one : done->outcomes)
        outcomes.push_back(test::name_of(one.outcome) + " " + to_line(one.reply));
    }
    closed = closed || std::holds_alternative<ClientSession::Close>(*action);
    if (!in_the_middle && !closed) session.on_bytes(reply + "\r\n");
  }
  CHECK(failed);
  CHECK(closed);
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[0].find("the server offers CHUNKING and refuses BDAT: " + reply) !=
        std::string::npos);
  CHECK(outcomes[0].starts_with("untried"));
  CHECK(outcomes[1].starts_with("failed 550"));
}

TEST_CASE("smtp client session: a chunk that is refused as it is sent ends the connection",
          "[smtp]") {
  const auto [reply, outcome] = GENERATE(table<std::string, std::string>({
      {"552 5.3.4 too big\r\n", "done: failed(552) failed(552)"},
      {"451 disk\r\n", "done: deferred(451) deferred(451)"},
      {"250 ok\r\n", "done: untried(0) untried(0)"},
  }));
  ClientSession session("me.test", TlsLevel::none);
  session.on_bytes(kChunking);
  session.start(of_size(ClientSession::kChunk));
  session.on_bytes("250 ok\r\n250 ok\r\n250 ok\r\n");
  while (session.next_action()) {
  }
  REQUIRE(session.wait() == ClientSession::Wait::content);
  session.on_bytes(reply);
  session.on_content_sent();
  Lines seen;
  drain(session, seen);
  CHECK(seen == Lines{outcome, "close"});
}

TEST_CASE(
    "smtp client session: what went with its envelope may have been taken by a server that falls "
    "silent, not by one that was gone or says that it closes",
    "[smtp]") {
  const std::vector<std::string> script{"250 ok\r\n", "550 no\r\n", "250 ok\r\n"};
  const auto [trouble, before, after] = GENERATE(table<std::string, std::string, std::string>({
      {"421 closing", "untried(421)", "untried(421)"},
      {"timeout", "deferred(0)", "deferred(0)"},
      {"garbage", "deferred(0)", "deferred(0)"},
      {"lost", "untried(0)", "deferred(0)"},
  }));
  for (std::size_t answered = 0; answered < script.size(); ++answered) {
    CAPTURE(trouble, answered);
    ClientConversation conversation(kChunking);
    std::string replies;
    for (std::size_t i = 0; i < answered; ++i) replies += script[i];
    conversation.run(of_size(100), replies);
    CHECK(conversation.session.wait() == ClientSession::Wait::end_of_data);
    if (trouble == "421 closing") conversation.session.on_bytes("421 closing\r\n");
    if (trouble == "timeout") conversation.session.on_timeout();
    if (trouble == "garbage") conversation.session.on_bytes("?\r\n");
    if (trouble == "lost") conversation.session.on_closed();
    bool chunking_failed = false;
    std::string second;
    while (const auto action = conversation.session.next_action())
      if (const auto* done = std::get_if<ClientSession::Done>(&*action)) {
        chunking_failed = done->chunking_failed;
        second = fmt::format("{}({})", test::name_of(done->outcomes[1].outcome),
                             done->outcomes[1].reply.code);
      }
    CHECK(second == (answered == 0 ? before : after));
    CHECK(chunking_failed == second.starts_with("deferred"));
  }
}

TEST_CASE("smtp client session: LMTP is greeted with LHLO, and who does not know it is another day",
          "[smtp]") {
  ClientSession session("me.test", TlsLevel::none, nullptr, kLmtp);
  session.on_bytes("220 mx\r\n500 what?\r\n");
  Lines seen;
  drain(session, seen);
  CHECK(seen == Lines{"C: LHLO me.test", "C: QUIT", "unusable 0", "close"});
}

TEST_CASE("smtp client session: LMTP has a reply for each recipient that was accepted", "[smtp]") {
  const std::vector<Case> cases{
      {"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n552 5.2.2 full\r\n",
       {"content", "done: delivered(250) failed(552)"}},
      {"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n451 busy\r\n250 taken\r\n",
       {"content", "done: deferred(451) delivered(250)"}},
      {"250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n250 taken\r\n",
       {"content", "done: failed(550) delivered(250)"}},
      {"250 ok\r\n550 no\r\n550 no\r\n503 nobody\r\n250 reset\r\n",
       {"C: RSET", "done: failed(550) failed(550)"}},
      // RFC 2033 section 4.2 forbids this 354; an end of the message would have no reply.
      {"250 ok\r\n550 no\r\n550 no\r\n354 go\r\n", {"done: failed(550) failed(550)", "close"}},
      // A reply for one of two, then none any more.
      {"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n421 closing\r\n",
       {"content", "done: delivered(250) deferred(421)", "close"}},
  };
  check_all(kLmtpPipelining, kLmtp, 100, behind(kEnvelope, {"C: DATA"}), cases);
}

TEST_CASE(
    "smtp client session: LMTP by BDAT waits for a recipient, and the last chunk has a reply "
    "for each",
    "[smtp]") {
  check_all(kLmtpChunking, kLmtp, 100, kEnvelope,
            {
                {"250 ok\r\n250 ok\r\n250 ok\r\n|250 taken\r\n552 5.2.2 full\r\n",
                 {"C: BDAT 100 LAST", "chunk 100", "done: delivered(250) failed(552)"}},
                {"250 ok\r\n250 ok\r\n250 ok\r\n|552 5.2.2 full\r\n452 later\r\n",
                 {"C: BDAT 100 LAST", "chunk 100", "done: failed(552) deferred(452)"}},
                {"250 ok\r\n550 no\r\n550 no\r\n250 reset\r\n",
                 {"C: RSET", "done: failed(550) failed(550)"}},
            });
  check_all(
      kLmtpChunking, kLmtp, ClientSession::kChunk + 1, kEnvelope,
      {
          {"250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n|250 a\r\n250 b\r\n",
           {"C: BDAT 1048576", "chunk 1048576", "C: BDAT 1 LAST", "chunk 1",
            "done: delivered(250) delivered(250)"}},
          // A chunk that is not the last has one reply.
          {"250 ok\r\n250 ok\r\n250 ok\r\n|452 disk\r\n250 reset\r\n",
           {"C: BDAT 1048576", "chunk 1048576", "C: RSET", "done: deferred(452) deferred(452)"}},
      });
}

TEST_CASE("smtp client session: LMTP that breaks off in the middle has spoken of one recipient",
          "[smtp]") {
  ClientSession session("me.test", TlsLevel::none, nullptr, kLmtp);
  session.on_bytes(kLmtpPipelining);
  session.start(to({"a@y.test", "b@y.test"}));
  session.on_bytes("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
  while (session.next_action()) {
  }
  session.on_bytes("552 5.2.2 full\r\n");
  Lines seen;
  drain(session, seen);
  CHECK(seen == Lines{"done: failed(552) untried(0)", "close"});
}

TEST_CASE("smtp client session: one message after another goes by BDAT", "[smtp]") {
  ClientConversation conversation(kChunking);
  const Lines one =
      behind(kEnvelope, {"C: BDAT 100 LAST", "chunk 100", "done: delivered(250) delivered(250)"});
  for (int i = 0; i < 3; ++i)
    CHECK(conversation.run(of_size(100), "250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n") == one);
}

TEST_CASE("smtp client session: the limits of the server are those of its last reply to EHLO",
          "[smtp]") {
  ClientSession session("me.test", TlsLevel::may);
  CHECK_FALSE(session.recipients_limit());
  session.on_bytes("220 mx\r\n250-mx\r\n250-LIMITS RCPTMAX=20 MAILMAX=5\r\n250 STARTTLS\r\n");
  CHECK(session.recipients_limit() == 20U);
  CHECK(session.messages_limit() == 5U);
  session.on_bytes("220 go\r\n");
  session.on_secured({});
  CHECK_FALSE(session.recipients_limit());
  session.on_bytes("250-mx\r\n250 LIMITS MAILMAX=7\r\n");
  CHECK_FALSE(session.recipients_limit());
  CHECK(session.messages_limit() == 7U);
}

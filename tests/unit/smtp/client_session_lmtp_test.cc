// The client session with a server of LMTP (RFC 2033).
#include "tests/unit/smtp/client_session_cases.h"

namespace smtp_client_session_lmtp_test {

using namespace postrider;
using namespace postrider::smtp;
using namespace postrider::smtp::testing;

namespace {

constexpr Protocol kLmtp = Protocol::lmtp;
constexpr std::string_view kStore = "220 store\r\n250 store\r\n";
constexpr std::string_view kPipelined = "220 store\r\n250-store\r\n250 PIPELINING\r\n";
constexpr std::string_view kChunked =
    "220 store\r\n250-store\r\n250-PIPELINING\r\n250 CHUNKING\r\n";

}  // namespace

TEST_CASE("smtp client session: LMTP is greeted with LHLO, and who does not know it is another day",
          "[smtp]") {
  ClientSession session("me.test", TlsLevel::none, nullptr, {kLmtp});
  session.on_bytes("220 mx\r\n500 what?\r\n");
  Lines seen;
  drain(session, seen);
  CHECK(seen == Lines{"C: LHLO me.test", "C: QUIT", "unusable 0", "close"});
}

TEST_CASE("smtp client session: LMTP has a reply for each recipient that was accepted", "[smtp]") {
  check_all(kPipelined, kLmtp, 100, kEnvelope,
            {
                {"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n552 5.2.2 full\r\n",
                 {"C: DATA", "content", "done: delivered(250) failed(552)"}},
                {"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n451 busy\r\n250 taken\r\n",
                 {"C: DATA", "content", "done: deferred(451) delivered(250)"}},
                {"250 ok\r\n550 no\r\n550 no\r\n250 reset\r\n",
                 {"C: RSET", "done: failed(550) failed(550)"}},
                // A reply for one of two, then none any more.
                {"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n421 closing\r\n",
                 {"C: DATA", "content", "done: delivered(250) deferred(421)", "close"}},
            });
}

TEST_CASE(
    "smtp client session: LMTP by BDAT waits for a recipient, and the last chunk has a reply "
    "for each",
    "[smtp]") {
  check_all(
      kChunked, kLmtp, 100, kEnvelope,
      {
          {"250 ok\r\n250 ok\r\n250 ok\r\n|250 taken\r\n552 5.2.2 full\r\n",
           {"C: BDAT 100 LAST", "chunk 100", "done: delivered(250) failed(552) BDAT taken"}},
          {"250 ok\r\n250 ok\r\n250 ok\r\n|552 5.2.2 full\r\n452 later\r\n",
           {"C: BDAT 100 LAST", "chunk 100", "done: failed(552) deferred(452) BDAT taken"}},
          // A word on the first, as there is another behind it.
          {"250 ok\r\n250 ok\r\n250 ok\r\n|554 no\r\n250 taken\r\n",
           {"C: BDAT 100 LAST", "chunk 100", "done: failed(554) delivered(250) BDAT taken"}},
          {"250 ok\r\n250 ok\r\n250 ok\r\n|500 what?\r\n",
           {"C: BDAT 100 LAST", "chunk 100", "done: untried(0) untried(0) BDAT refused", "close"}},
          {"250 ok\r\n250 ok\r\n250 ok\r\n|250 taken\r\n421 closing\r\n",
           {"C: BDAT 100 LAST", "chunk 100", "done: delivered(250) deferred(421) BDAT taken",
            "close"}},
          {"250 ok\r\n550 no\r\n550 no\r\n250 reset\r\n",
           {"C: RSET", "done: failed(550) failed(550)"}},
      });
  check_all(kChunked, kLmtp, ClientSession::kChunk + 1, kEnvelope,
            {
                {"250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n|250 a\r\n250 b\r\n",
                 {"C: BDAT 1048576", "chunk 1048576", "C: BDAT 1 LAST", "chunk 1",
                  "done: delivered(250) delivered(250) BDAT taken"}},
                // A chunk that is not the last has one reply.
                {"250 ok\r\n250 ok\r\n250 ok\r\n|452 disk\r\n250 reset\r\n",
                 {"C: BDAT 1048576", "chunk 1048576", "C: RSET",
                  "done: deferred(452) deferred(452) BDAT taken"}},
                {"250 ok\r\n250 ok\r\n250 ok\r\n|552 5.2.2 <a@y.test> full\r\n250 reset\r\n",
                 {"C: BDAT 1048576", "chunk 1048576", "C: RSET",
                  "done: failed(552) deferred(552) BDAT taken"}},
            });
}

TEST_CASE(
    "smtp client session: in LMTP a refusal before the end of the content is that of all "
    "recipients "
    "where it is on the message",
    "[smtp]") {
  const auto [hello, go] = GENERATE(table<std::string_view, std::string_view>({
      {kPipelined, "354 go\r\n"},
      {kChunked, ""},
  }));
  const auto [refusal, end] = GENERATE(table<std::string, std::string>({
      {"552 5.3.4 too big\r\n", "done: failed(552) failed(552)"},
      {"554 5.6.0 no header\r\n", "done: failed(554) failed(554)"},
      {"452 4.3.1 disk full\r\n", "done: deferred(452) deferred(452)"},
      {"552 5.2.2 <a@y.test> full\r\n", "done: failed(552) deferred(552)"},
      {"550 5.1.1 who?\r\n", "done: failed(550) deferred(550)"},
      {"452 4.2.2 <a@y.test> full\r\n", "done: deferred(452) deferred(452)"},
      {"554 no\r\n", "done: deferred(554) deferred(554)"},
  }));
  CAPTURE(hello, refusal);
  ClientConversation conversation(hello, kLmtp);
  conversation.sending = Sending::never;
  conversation.run(of_size(100), fmt::format("250 ok\r\n250 ok\r\n250 ok\r\n{}", go));
  REQUIRE(conversation.session.wait() == ClientSession::Wait::content);
  CHECK(conversation.hear(refusal) == Lines{end, "close"});
}

TEST_CASE("smtp client session: in LMTP an early refusal is for good where there is one recipient",
          "[smtp]") {
  ClientConversation conversation(kPipelined, kLmtp);
  conversation.sending = Sending::never;
  conversation.run(to({"a@y.test"}), "250 ok\r\n250 ok\r\n354 go\r\n");
  CHECK(conversation.hear("554 no\r\n") == Lines{"done: failed(554)", "close"});
}

TEST_CASE(
    "smtp client session: where LMTP has refused recipients the message goes in a transaction of "
    "the others",
    "[smtp]") {
  const Lines for_second{"C: RSET", "C: MAIL FROM:<s@x.test>", "C: RCPT TO:<b@y.test>"};
  const auto [refused, first] = GENERATE(table<std::string, std::string>({
      {"250 ok\r\n550 no\r\n250 ok\r\n", "failed(550)"},
      {"250 ok\r\n450 later\r\n250 ok\r\n", "deferred(450)"},
  }));
  const std::string again = refused + "250 reset\r\n250 ok\r\n";
  for (const std::string_view hello : {kPipelined, kStore}) {
    check_all(
        hello, kLmtp, 100, kEnvelope,
        {{again + "250 ok\r\n354 go\r\n250 taken\r\n",
          behind(for_second, {"C: DATA", "content", "done: " + first + " delivered(250)"})},
         {again + "452 later\r\n250 reset\r\n",
          behind(for_second, {"C: RSET", "done: " + first + " deferred(452)"})},
         {refused + "500 what?\r\n", {"C: RSET", "done: " + first + " untried(0)", "close"}},
         {refused + "421 closing\r\n", {"C: RSET", "done: " + first + " untried(421)", "close"}}});
  }
  check_all(kChunked, kLmtp, 100, kEnvelope,
            {{again + "250 ok\r\n|250 taken\r\n",
              behind(for_second, {"C: BDAT 100 LAST", "chunk 100",
                                  "done: " + first + " delivered(250) BDAT taken"})}});
}

TEST_CASE("smtp client session: a server of LMTP that says more than it should is left", "[smtp]") {
  check_all(kPipelined, kLmtp, 100, kEnvelope,
            {{"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 a\r\n250 b\r\n250 c\r\n",
              {"C: DATA", "content", "done: delivered(250) delivered(250)", "close"}}});
}

TEST_CASE("smtp client session: one message after another goes by LMTP", "[smtp]") {
  ClientConversation conversation(kPipelined, kLmtp);
  const std::string_view refused = "250 ok\r\n550 no\r\n550 no\r\n250 reset\r\n";
  const std::string_view taken = "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 a\r\n250 b\r\n";
  for (const std::string_view script : {taken, refused, taken}) {
    conversation.run(of_size(100), script);
    CHECK(conversation.session.ready());
  }
}

}  // namespace smtp_client_session_lmtp_test

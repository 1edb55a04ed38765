// How the client session brings the content by BDAT.
#include "tests/unit/smtp/client_session_cases.h"

namespace smtp_client_session_content_test {

using namespace postrider;
using namespace postrider::smtp;
using namespace postrider::smtp::testing;

namespace {

constexpr std::uint64_t kSeveralChunks = 2 * ClientSession::kChunk + 5;
constexpr std::string_view kChunkingAlone = "220 mx\r\n250-mx\r\n250 CHUNKING\r\n";

}  // namespace

TEST_CASE("smtp client session: a small message goes in one flight with its envelope by BDAT",
          "[smtp]") {
  check_all(
      kChunking, Protocol::smtp, 100, kFlight,
      {
          {"250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n",
           {"done: delivered(250) delivered(250) BDAT taken"}},
          {"250 ok\r\n250 ok\r\n550 no\r\n250 taken\r\n",
           {"done: delivered(250) failed(550) BDAT taken"}},
          {"250 ok\r\n250 ok\r\n550 no\r\n554 5.7.1 spam\r\n250 reset\r\n",
           {"C: RSET", "done: failed(554) failed(550) BDAT taken"}},
          {"250 ok\r\n250 ok\r\n250 ok\r\n354 odd\r\n250 reset\r\n",
           {"C: RSET", "done: deferred(354) deferred(354) BDAT taken"}},
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
  check_all(
      kChunking, Protocol::smtp, ClientSession::kOneFlight + 1, kEnvelope,
      {
          {"250 ok\r\n250 ok\r\n550 no\r\n|250 taken\r\n",
           {"C: BDAT 65537 LAST", "chunk 65537", "done: delivered(250) failed(550) BDAT taken"}},
          {"250 ok\r\n550 no\r\n550 no\r\n250 reset\r\n",
           {"C: RSET", "done: failed(550) failed(550)"}},
      });
  ClientConversation conversation(kChunking);
  CHECK(conversation.run(of_size(ClientSession::kOneFlight), "").back() == "chunk 65536");
}

TEST_CASE("smtp client session: a large message goes in chunks, each when the last was taken",
          "[smtp]") {
  check_all(kChunking, Protocol::smtp, 2 * ClientSession::kChunk + 5, kEnvelope,
            {
                {"250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n|250 2\r\n|250 taken\r\n",
                 {"C: BDAT 1048576", "chunk 1048576", "C: BDAT 1048576", "chunk 1048576",
                  "C: BDAT 5 LAST", "chunk 5", "done: delivered(250) delivered(250) BDAT taken"}},
                {"250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n|552 5.3.4 too big\r\n250 reset\r\n",
                 {"C: BDAT 1048576", "chunk 1048576", "C: BDAT 1048576", "chunk 1048576", "C: RSET",
                  "done: failed(552) failed(552) BDAT taken"}},
                {"250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n|503 what?\r\n",
                 {"C: BDAT 1048576", "chunk 1048576", "C: BDAT 1048576", "chunk 1048576",
                  "done: untried(0) untried(0) BDAT refused", "close"}},
                // Once a chunk was taken, this is no word on BDAT.
                {"250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n|554 5.5.1 no\r\n250 reset\r\n",
                 {"C: BDAT 1048576", "chunk 1048576", "C: BDAT 1048576", "chunk 1048576", "C: RSET",
                  "done: failed(554) failed(554) BDAT taken"}},
                {"250 ok\r\n250 ok\r\n250 ok\r\n|354 odd\r\n250 reset\r\n",
                 {"C: BDAT 1048576", "chunk 1048576", "C: RSET",
                  "done: deferred(354) deferred(354) BDAT taken"}},
            });
  ClientConversation conversation(kChunking);
  const Lines seen =
      conversation.run(of_size(ClientSession::kChunk), "250 a\r\n250 b\r\n250 c\r\n");
  CHECK(seen.back() == "chunk 1048576");
  CHECK(seen[seen.size() - 2] == "C: BDAT 1048576 LAST");
}

TEST_CASE("smtp client session: without PIPELINING BDAT waits for the replies to RCPT", "[smtp]") {
  check_all(
      kChunkingAlone, Protocol::smtp, 100, kEnvelope,
      {
          {"250 ok\r\n250 ok\r\n250 ok\r\n|250 taken\r\n",
           {"C: BDAT 100 LAST", "chunk 100", "done: delivered(250) delivered(250) BDAT taken"}},
          {"250 ok\r\n550 no\r\n450 later\r\n250 reset\r\n",
           {"C: RSET", "done: failed(550) deferred(450)"}},
      });
}

TEST_CASE("smtp client session: where chunking is forgone the content goes by DATA", "[smtp]") {
  ClientConversation conversation(kChunking);
  ClientTransaction transaction = of_size(100);
  transaction.chunking = false;
  CHECK(conversation.run(std::move(transaction),
                         "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n") ==
        behind(kEnvelope, {"C: DATA", "content", "done: delivered(250) delivered(250)"}));
}

TEST_CASE(
    "smtp client session: no content goes out where the word that asks for it came with one that "
    "ends the session",
    "[smtp]") {
  const auto [hello, protocol, size, before, word,
              done] = GENERATE(table<std::string_view, Protocol, std::uint64_t, std::string,
                                     std::string, std::string>({
      {kPipelining, Protocol::smtp, 100, "354 go\r\n", "250 oh\r\n", "untried(0) untried(0)"},
      {kPipelining, Protocol::smtp, 100, "354 go\r\n", "421 bye\r\n", "untried(421) untried(421)"},
      {kPipelining, Protocol::smtp, 100, "354 go\r\n", "oh\r\n", "untried(0) untried(0)"},
      {kPipelining, Protocol::smtp, 100, "354 go\r\n", "552 big\r\n", "failed(552) failed(552)"},
      {kChunking, Protocol::smtp, kSeveralChunks, "", "451 no\r\n", "deferred(451) deferred(451)"},
      {kChunking, Protocol::smtp, kSeveralChunks, "", "503 surplus\r\n",
       "untried(0) untried(0) BDAT refused"},
      {kChunking, Protocol::lmtp, 100, "", "503 surplus\r\n", "untried(0) untried(0) BDAT refused"},
  }));
  CAPTURE(word);
  ClientConversation conversation(hello, protocol);
  conversation.run(of_size(size), "");
  CHECK(conversation.hear("250 ok\r\n250 ok\r\n250 ok\r\n" + before + word) ==
        Lines{"done: " + done, "close"});
}

TEST_CASE("smtp client session: nor does the next chunk where more came than the word on the last",
          "[smtp]") {
  ClientConversation conversation(kChunking);
  conversation.run(of_size(kSeveralChunks), "250 ok\r\n250 ok\r\n250 ok\r\n");
  const Lines end = conversation.hear("250 1\r\n451 disk\r\n");
  CHECK(end == Lines{"done: deferred(451) deferred(451) BDAT taken", "close"});
}

TEST_CASE("smtp client session: one message after another goes by BDAT", "[smtp]") {
  ClientConversation conversation(kChunking);
  const Lines one = behind(kFlight, {"done: delivered(250) delivered(250) BDAT taken"});
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

}  // namespace smtp_client_session_content_test

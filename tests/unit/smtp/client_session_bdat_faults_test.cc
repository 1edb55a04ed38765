// What the client session makes of a server that fails at the BDAT it offers.
#include "tests/unit/smtp/client_session_cases.h"

namespace smtp_client_session_bdat_faults_test {

using namespace postrider;
using namespace postrider::smtp;
using namespace postrider::smtp::testing;

namespace {

constexpr Protocol kSmtp = Protocol::smtp;
constexpr std::uint64_t kOneChunk = ClientSession::kOneFlight + 1;
constexpr std::uint64_t kChunks = 2 * ClientSession::kChunk + 5;
const Lines kChunk{"C: BDAT 1048576", "chunk 1048576"};

// The end of a conversation that has come as far as `script`, by `trouble`.
Lines end_by(const std::string& trouble, std::uint64_t size, std::string_view script,
             Sending sending = Sending::at_once) {
  ClientConversation conversation(kChunking);
  conversation.sending = sending;
  conversation.run(of_size(size), script);
  if (trouble == "silence") return conversation.time_out();
  if (trouble == "loss") return conversation.lose();
  return conversation.hear(trouble);
}

}  // namespace

TEST_CASE("smtp client session: a server that refuses the BDAT it offers is left for DATA",
          "[smtp]") {
  const Lines refused{"done: untried(0) failed(550) BDAT refused", "close"};
  for (const std::string_view reply :
       {"500 what?", "502 no", "503 order", "554 no", "554 5.0.0 no", "554 5.5.1 order"}) {
    const std::string in_flight = fmt::format("250 ok\r\n250 ok\r\n550 no\r\n{}\r\n", reply);
    const std::string behind_envelope = fmt::format("250 ok\r\n250 ok\r\n550 no\r\n|{}\r\n", reply);
    check_all(kChunking, kSmtp, 100, kFlight, {{in_flight, refused}});
    check_all(kChunking, kSmtp, kOneChunk, behind(kEnvelope, {"C: BDAT 65537 LAST", "chunk 65537"}),
              {{behind_envelope, refused}});
    check_all(kChunking, kSmtp, kChunks, behind(kEnvelope, kChunk), {{behind_envelope, refused}});
    CHECK(end_by(fmt::format("{}\r\n", reply), kChunks, "250 ok\r\n250 ok\r\n550 no\r\n",
                 Sending::never) == refused);
  }
}

TEST_CASE("smtp client session: the server's words on a BDAT are told", "[smtp]") {
  ClientConversation conversation(kChunking);
  conversation.run(of_size(100), "250 ok\r\n250 ok\r\n250 ok\r\n");
  conversation.session.on_bytes("502 5.5.1 no BDAT\r\n");
  const auto action = conversation.session.next_action();
  REQUIRE(action);
  CHECK(std::get<ClientSession::Done>(*action).outcomes[0].reply ==
        Reply{0, "4.5.1", "the server offers CHUNKING and refuses BDAT: 502 5.5.1 no BDAT"});
}

TEST_CASE("smtp client session: a word on the message is that of a server that knows BDAT",
          "[smtp]") {
  for (const auto& [reply, outcome] :
       {std::pair{"554 5.7.1 spam", "failed(554)"}, std::pair{"552 5.3.4 too big", "failed(552)"},
        std::pair{"550 no", "failed(550)"}, std::pair{"451 later", "deferred(451)"}}) {
    const std::string told = fmt::format("{}\r\n", reply);
    const std::string done = fmt::format("done: {} {} BDAT taken", outcome, outcome);
    const std::string accepted = "250 ok\r\n250 ok\r\n250 ok\r\n";
    check_all(kChunking, kSmtp, 100, kFlight,
              {{accepted + told + "250 reset\r\n", {"C: RSET", done}}});
    check_all(kChunking, kSmtp, kChunks, behind(kEnvelope, kChunk),
              {{accepted + "|" + told + "250 reset\r\n", {"C: RSET", done}}});
  }
}

TEST_CASE("smtp client session: where all recipients are refused 503 and 554 say nothing of BDAT",
          "[smtp]") {
  for (const std::string_view reply : {"503 nobody", "554 nobody", "554 5.5.1 nobody"}) {
    ClientConversation conversation(kChunking);
    const Lines seen = conversation.run(
        of_size(100), fmt::format("250 ok\r\n550 no\r\n550 no\r\n{}\r\n250 reset\r\n", reply));
    CHECK(seen.back() == "done: failed(550) failed(550)");
    CHECK(conversation.session.ready());
  }
}

TEST_CASE(
    "smtp client session: where all recipients are refused a server that does not know BDAT is "
    "left before it has taken the message for commands",
    "[smtp]") {
  const std::string envelope = "250 ok\r\n550 no\r\n550 no\r\n";
  for (const std::string_view reply : {"500 what?", "501 what?", "502 what?", "504 what?"}) {
    const std::string told = fmt::format("{}\r\n", reply);
    check_all(kChunking, kSmtp, 100, kFlight,
              {{envelope + told, {"done: failed(550) failed(550) BDAT refused", "close"}}});
    ClientConversation conversation(kChunking);
    conversation.run(of_size(100), "250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n");
    CHECK(conversation.run(of_size(100), envelope + told + "250 reset\r\n") ==
          behind(kFlight, {"C: RSET", "done: failed(550) failed(550)"}));
  }
}

TEST_CASE("smtp client session: a session that is lost after BDAT is told of", "[smtp]") {
  const auto [trouble, code, taken_whole] = GENERATE(table<std::string, int, std::string>({
      {"421 closing\r\n", 421, "untried"},
      {"silence", 0, "deferred"},
      {"loss", 0, "deferred"},
      {"?\r\n", 0, "deferred"},
  }));
  CAPTURE(trouble);
  const auto done = [code = code](std::string_view first, std::string_view second) {
    const auto with_code = [&](std::string_view outcome) {
      return outcome.ends_with(')') ? std::string(outcome) : fmt::format("{}({})", outcome, code);
    };
    return Lines{fmt::format("done: {} {} BDAT lost", with_code(first), with_code(second)),
                 "close"};
  };
  // With its envelope: the server may have it, unless it says that it closes.
  CHECK(end_by(trouble, 100, "") == done(taken_whole, taken_whole));
  CHECK(end_by(trouble, 100, "250 ok\r\n") == done(taken_whole, taken_whole));
  CHECK(end_by(trouble, 100, "250 ok\r\n550 no\r\n") == done("failed(550)", taken_whole));
  // Behind its envelope.
  const std::string_view accepted = "250 ok\r\n550 no\r\n250 ok\r\n";
  CHECK(end_by(trouble, 100, accepted) == done("failed(550)", "deferred"));
  CHECK(end_by(trouble, kOneChunk, accepted) == done("failed(550)", "deferred"));
  CHECK(end_by(trouble, kOneChunk, accepted, Sending::never) == done("failed(550)", "untried"));
  CHECK(end_by(trouble, kChunks, accepted) == done("failed(550)", "untried"));
  CHECK(end_by(trouble, kChunks, accepted, Sending::never) == done("failed(550)", "untried"));
}

TEST_CASE("smtp client session: what ends a session after BDAT does so however it is cut",
          "[smtp]") {
  const Lines one_chunk = behind(kEnvelope, {"C: BDAT 65537 LAST", "chunk 65537"});
  const Lines untried{"done: untried(421) untried(421) BDAT lost", "close"};
  const Lines deferred{"done: deferred(421) failed(550) BDAT lost", "close"};
  check_all(kChunking, kSmtp, 100, kFlight,
            {
                {"421 closing\r\n", untried},
                {"250 ok\r\n421-I am\r\n421 closing\r\n", untried},
                {"250 ok\r\n250 ok\r\n421 closing\r\n", untried},
                {"250 ok\r\n250 ok\r\n550 no\r\n421 closing\r\n", deferred},
                {"250 ok\r\n?\r\n", {"done: deferred(0) deferred(0) BDAT lost", "close"}},
            });
  check_all(kChunking, kSmtp, kOneChunk, one_chunk,
            {{"250 ok\r\n250 ok\r\n550 no\r\n|421 closing\r\n", deferred}});
  check_all(kChunking, kSmtp, kChunks, behind(kEnvelope, kChunk),
            {{"250 ok\r\n250 ok\r\n250 ok\r\n|421 closing\r\n", untried},
             {"250 ok\r\n250 ok\r\n250 ok\r\n|25x\r\n",
              {"done: untried(0) untried(0) BDAT lost", "close"}}});
}

TEST_CASE(
    "smtp client session: a session that is lost before BDAT, after one was taken, or with no "
    "recipient left, says nothing of it",
    "[smtp]") {
  const std::string trouble = GENERATE("421 closing\r\n", "silence", "loss", "?\r\n");
  CAPTURE(trouble);
  const auto found = [&](std::uint64_t size, std::string_view script) {
    const Lines end = end_by(trouble, size, script);
    REQUIRE(end.size() == 2);
    return end[0].substr(end[0].rfind(')') + 1);
  };
  CHECK(found(kOneChunk, "") == "");
  CHECK(found(kOneChunk, "250 ok\r\n250 ok\r\n") == "");
  CHECK(found(100, "250 ok\r\n550 no\r\n550 no\r\n") == "");
  CHECK(found(kChunks, "250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n") == " BDAT taken");
  CHECK(found(kChunks, "250 ok\r\n250 ok\r\n250 ok\r\n|250 1\r\n|250 2\r\n") == " BDAT taken");
}

TEST_CASE("smtp client session: a store that has answered a BDAT for one recipient has taken it",
          "[smtp]") {
  const auto [reply, first] = GENERATE(table<std::string, std::string>({
      {"552 5.2.2 full\r\n", "failed(552)"},
      {"250 taken\r\n", "delivered(250)"},
  }));
  ClientConversation conversation(kChunking, Protocol::lmtp);
  conversation.run(of_size(100), "250 ok\r\n250 ok\r\n250 ok\r\n|" + reply);
  CHECK(conversation.lose() == Lines{"done: " + first + " deferred(0) BDAT taken", "close"});
}

TEST_CASE("smtp client session: a server that has taken a BDAT is not told of for a later one",
          "[smtp]") {
  const std::string_view taken = "250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n";
  const auto [later, then] = GENERATE(table<std::string_view, Lines>({
      {"250 ok\r\n250 ok\r\n250 ok\r\n554 no\r\n",
       {"C: RSET", "done: failed(554) failed(554) BDAT taken"}},
      {"421 closing\r\n", {"done: untried(421) untried(421)", "close"}},
      {"250 ok\r\n421 closing\r\n", {"done: untried(421) untried(421)", "close"}},
      {"250 ok\r\n250 ok\r\n250 ok\r\n?\r\n", {"done: deferred(0) deferred(0)", "close"}},
  }));
  CAPTURE(later);
  ClientConversation conversation(kChunking);
  conversation.run(of_size(100), taken);
  CHECK(conversation.run(of_size(100), later) == behind(kFlight, then));
}

TEST_CASE("smtp client session: a word of syntax is on BDAT though others were taken before",
          "[smtp]") {
  const std::string_view before =
      GENERATE(as<std::string_view>(), "", "250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n");
  for (const std::string_view reply :
       {"500 what?", "503 5.5.1 order", "504 5.5.4 LAST is missing"}) {
    ClientConversation conversation(kChunking);
    if (!before.empty()) conversation.run(of_size(100), before);
    CHECK(conversation.run(of_size(kChunks),
                           fmt::format("250 ok\r\n250 ok\r\n250 ok\r\n|{}\r\n", reply)) ==
          behind(behind(kEnvelope, kChunk), {"done: untried(0) untried(0) BDAT refused", "close"}));
  }
}

TEST_CASE("smtp client session: what was taken is not told of for what went without", "[smtp]") {
  ClientConversation conversation(kChunking);
  conversation.run(of_size(100), "250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n");
  const std::string_view refused = "250 ok\r\n550 no\r\n550 no\r\n503 nobody\r\n250 reset\r\n";
  CHECK(conversation.run(of_size(100), refused).back() == "done: failed(550) failed(550)");
  ClientTransaction by_data = of_size(100);
  by_data.chunking = false;
  CHECK(conversation.run(std::move(by_data), refused).back() == "done: failed(550) failed(550)");
}

TEST_CASE("smtp client session: a chunk that is refused as it is sent ends the connection",
          "[smtp]") {
  const auto [reply, outcome] = GENERATE(table<std::string, std::string>({
      {"552 5.3.4 too big\r\n", "done: failed(552) failed(552)"},
      {"451 disk\r\n", "done: deferred(451) deferred(451)"},
      {"250 ok\r\n", "done: untried(0) untried(0) BDAT lost"},
  }));
  CHECK(end_by(reply, kOneChunk, "250 ok\r\n250 ok\r\n250 ok\r\n", Sending::never) ==
        Lines{outcome, "close"});
}

TEST_CASE("smtp client session: the time for the reply to MAIL is that for the whole flight",
          "[smtp]") {
  ClientConversation conversation(kChunking);
  conversation.run(of_size(100), "");
  for (int replies = 0; replies < 4; ++replies) {
    CHECK(conversation.session.wait() == ClientSession::Wait::end_of_data);
    conversation.session.on_bytes("250 ok\r\n");
  }
  CHECK(conversation.session.wait() == ClientSession::Wait::nothing);
}

TEST_CASE(
    "smtp client session: what went with its envelope has reached nobody where a connection "
    "that was used before is lost without a word",
    "[smtp]") {
  const std::string_view taken = "250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n";
  const std::string_view refused = "550 no\r\n503 MAIL?\r\n503 MAIL?\r\n503 MAIL?\r\n250 reset\r\n";
  const auto [before, word, end] =
      GENERATE_REF(table<std::string_view, std::string_view, std::string>({
          {taken, "", "done: untried(0) untried(0)"},
          {refused, "", "done: untried(0) untried(0)"},
          {taken, "2", "done: deferred(0) deferred(0)"},
          {refused, "2", "done: deferred(0) deferred(0) BDAT lost"},
          {taken, "250 ok\r\n", "done: deferred(0) deferred(0)"},
      }));
  CAPTURE(before, word);
  ClientConversation conversation(kChunking);
  conversation.run(of_size(100), before);
  REQUIRE(conversation.session.ready());
  conversation.run(of_size(100), word);
  CHECK(conversation.lose(ClientSession::kIdleClose) == Lines{end, "close"});
  CHECK(end_by("loss", 100, "") == Lines{"done: deferred(0) deferred(0) BDAT lost", "close"});
}

TEST_CASE(
    "smtp client session: a used connection that is lost long after the flight went out may have "
    "brought it",
    "[smtp]") {
  ClientConversation conversation(kChunking);
  conversation.run(of_size(100), "250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n");
  conversation.run(of_size(100), "");
  CHECK(conversation.lose(ClientSession::kIdleClose + std::chrono::microseconds{1}) ==
        Lines{"done: deferred(0) deferred(0)", "close"});
}

}  // namespace smtp_client_session_bdat_faults_test

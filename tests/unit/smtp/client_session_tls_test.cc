#include "common/smtp/client_session.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "common/base/overloaded.h"

namespace smtp_client_session_tls_test {

using namespace postrider;
using namespace postrider::smtp;

namespace {

using Lines = std::vector<std::string>;

enum class Handshake { done, failed };

// A session, and what it asked of its owner: "C: " and a command as it was sent, "start TLS",
// "unusable: CODE STATUS text" with " (TLS)" where that is to blame, "done STATUS", "close".
struct Conversation {
  explicit Conversation(TlsLevel level, Handshake ends = Handshake::done, Dialect dialect = {})
      : session("me.test", level, nullptr, dialect), handshake(ends) {}

  void drain() {
    while (auto action = session.next_action()) {
      std::visit(
          Overloaded{
              [&](const ClientSession::Send& send) {
                seen.push_back("C: " + send.bytes.substr(0, send.bytes.find("\r\n")));
              },
              [&](const ClientSession::SendContent&) { session.on_content_sent(); },
              [&](const ClientSession::SendChunk&) { session.on_content_sent(); },
              [&](const ClientSession::StartTls&) {
                seen.emplace_back("start TLS");
                handshake == Handshake::done ? session.on_secured({})
                                             : session.on_tls_failed("bad record");
              },
              [&](const ClientSession::Done& done) {
                seen.push_back("done " + status_of(done.outcomes.front()));
              },
              [&](const ClientSession::Unusable& why) {
                seen.push_back(fmt::format("unusable: {}{}", to_line(why.reply),
                                           why.fault == ClientSession::Fault::tls ? " (TLS)" : ""));
              },
              [&](const ClientSession::Close&) { seen.emplace_back("close"); },
          },
          *action);
    }
  }
  void hear(std::string_view replies) {
    session.on_bytes(replies);
    drain();
  }
  // The server says `replies` one by one.
  const Lines& hear_all(const Lines& replies) {
    for (const std::string& reply : replies) hear(reply + "\r\n");
    return seen;
  }

  ClientSession session;
  Handshake handshake;
  Lines seen;
};

ClientTransaction one_message() {
  ClientTransaction transaction;
  transaction.sender = "s@x.test";
  transaction.recipients = {{"a@y.test", "", ""}};
  return transaction;
}

constexpr Dialect kImplicit{.tls_start = TlsStart::implicit};
const std::string kOffer = "250-mx\r\n250-SIZE 5\r\n250 STARTTLS";

}  // namespace

TEST_CASE("smtp client session tls: TLS is begun where it is offered and not ruled out", "[smtp]") {
  for (const TlsLevel level : {TlsLevel::may, TlsLevel::encrypt, TlsLevel::verify}) {
    Conversation c(level);
    CHECK(c.hear_all({"220 mx", kOffer, "220 go", "250 mx"}) ==
          Lines{"C: EHLO me.test", "C: STARTTLS", "start TLS", "C: EHLO me.test"});
    CHECK(c.session.ready());
  }
  Conversation c(TlsLevel::none);
  CHECK(c.hear_all({"220 mx", kOffer}) == Lines{"C: EHLO me.test"});
  CHECK(c.session.ready());
}

TEST_CASE("smtp client session tls: it is begun once, whatever is offered under it", "[smtp]") {
  Conversation c(TlsLevel::verify);
  c.hear_all({"220 mx", kOffer, "220 go", kOffer});
  CHECK(c.session.ready());
  CHECK(std::count(c.seen.begin(), c.seen.end(), "C: STARTTLS") == 1);
}

TEST_CASE("smtp client session tls: what was offered in the clear is forgotten", "[smtp]") {
  Conversation c(TlsLevel::may);
  c.hear_all({"220 mx", kOffer, "220 go", "250-mx\r\n250 8BITMIME"});
  c.seen.clear();
  c.session.start(one_message());
  c.drain();
  CHECK(c.seen == Lines{"C: MAIL FROM:<s@x.test>"});
}

TEST_CASE("smtp client session tls: REQUIRETLS counts under TLS alone", "[smtp]") {
  ClientTransaction report = one_message();
  report.sender.clear();
  report.tls_required = true;
  const std::string offer = kOffer + "\r\n";
  const std::string with = "250-mx\r\n250-STARTTLS\r\n250 REQUIRETLS";
  Conversation clear(TlsLevel::none);
  clear.hear_all({"220 mx", with});
  clear.session.start(report);
  clear.drain();
  CHECK(clear.seen.back() == "C: MAIL FROM:<>");
  Conversation secured(TlsLevel::may);
  secured.hear_all({"220 mx", with, "220 go", with});
  secured.session.start(report);
  secured.drain();
  CHECK(secured.seen.back() == "C: MAIL FROM:<> REQUIRETLS");
}

TEST_CASE("smtp client session tls: a message that requires it is for verified sessions",
          "[smtp]") {
  const std::string offer = "250-mx\r\n250-STARTTLS\r\n250 REQUIRETLS";
  const auto [level, under_tls, last] = GENERATE_COPY(table<TlsLevel, std::string, std::string>({
      {TlsLevel::verify, offer, "C: MAIL FROM:<s@x.test> REQUIRETLS"},
      {TlsLevel::verify, kOffer, "done 4.7.30"},
      {TlsLevel::encrypt, offer, "done 4.7.10"},
  }));
  Conversation c(level);
  c.hear_all({"220 mx", offer, "220 go", under_tls});
  ClientTransaction transaction = one_message();
  transaction.tls_required = true;
  c.session.start(std::move(transaction));
  c.drain();
  CHECK(c.seen.back() == last);
}

TEST_CASE(
    "smtp client session tls: a mail store need not offer what a message requires, and is "
    "told where it does",
    "[smtp]") {
  const auto [level, offered, last] = GENERATE(table<TlsLevel, std::string, std::string>({
      {TlsLevel::none, "250 mx", "C: MAIL FROM:<s@x.test>"},
      {TlsLevel::none, "250-mx\r\n250 REQUIRETLS", "C: MAIL FROM:<s@x.test>"},
      {TlsLevel::verify, "250 mx", "C: MAIL FROM:<s@x.test>"},
      {TlsLevel::verify, "250-mx\r\n250 REQUIRETLS", "C: MAIL FROM:<s@x.test> REQUIRETLS"},
  }));
  Conversation c(level, Handshake::done, {.protocol = Protocol::lmtp});
  c.hear_all(level == TlsLevel::none ? Lines{"220 mx", offered}
                                     : Lines{"220 mx", kOffer, "220 go", offered});
  ClientTransaction transaction = one_message();
  transaction.tls_required = true;
  c.session.start(std::move(transaction));
  c.drain();
  CHECK(c.seen.back() == last);
}

TEST_CASE("smtp client session tls: where TLS may be, the session goes on without", "[smtp]") {
  const Lines replies =
      GENERATE(Lines{"250 mx"}, Lines{kOffer, "454 4.7.0 not now"}, Lines{kOffer, "500 what?"},
               Lines{kOffer, "250 odd"}, Lines{kOffer, "354 odd"}, Lines{"502 what?", "250 mx"});
  Conversation c(TlsLevel::may);
  c.hear("220 mx\r\n");
  c.hear_all(replies);
  CHECK(c.session.ready());
}

TEST_CASE("smtp client session tls: where TLS has to be, a session without is unusable", "[smtp]") {
  const auto level = GENERATE(TlsLevel::encrypt, TlsLevel::verify);
  const auto [replies, why] = GENERATE(table<Lines, std::string>({
      {{"250 mx"}, "0 4.7.4 TLS is required, and the server does not offer STARTTLS"},
      {{"502 what?", "250 mx"}, "0 4.7.4 TLS is required, and the server does not offer STARTTLS"},
      {{kOffer, "454 4.7.0 not now"},
       "0 4.7.5 TLS is required, and the server refuses STARTTLS: 454 4.7.0 not now"},
      {{kOffer, "500 what?"},
       "0 4.7.5 TLS is required, and the server refuses STARTTLS: 500 what?"},
      {{kOffer, "250 odd"}, "0 4.7.5 TLS is required, and the server refuses STARTTLS: 250 odd"},
  }));
  Conversation c(level);
  c.hear("220 mx\r\n");
  c.hear_all(replies);
  REQUIRE(c.seen.size() >= 3);
  CHECK(Lines(c.seen.end() - 3, c.seen.end()) ==
        Lines{"C: QUIT", "unusable: " + why + " (TLS)", "close"});
}

TEST_CASE("smtp client session tls: a handshake that fails ends the session, and is to blame",
          "[smtp]") {
  Conversation c(GENERATE(TlsLevel::may, TlsLevel::encrypt, TlsLevel::verify), Handshake::failed);
  c.hear_all({"220 mx", kOffer, "220 go"});
  CHECK(Lines(c.seen.end() - 2, c.seen.end()) ==
        Lines{"unusable: 0 4.7.5 TLS failed: bad record (TLS)", "close"});
}

TEST_CASE(
    "smtp client session tls: what ends the session is laid to TLS from STARTTLS until the "
    "first reply under it",
    "[smtp]") {
  const Lines dialogue{"220 mx", kOffer, "220 go", "250 mx"};
  const Lines after{"", "", " (TLS)", " (TLS)"};
  for (std::size_t heard = 0; heard < dialogue.size(); ++heard) {
    CAPTURE(heard);
    for (const std::string trouble : {"lost", "timeout", "garbage"}) {
      CAPTURE(trouble);
      Conversation c(TlsLevel::may);
      c.hear_all(Lines(dialogue.begin(), dialogue.begin() + static_cast<long>(heard)));
      if (trouble == "lost") c.session.on_closed({});
      if (trouble == "timeout") c.session.on_timeout();
      if (trouble == "garbage") c.session.on_bytes("?\r\n");
      c.drain();
      REQUIRE(c.seen.size() >= 2);
      CHECK(c.seen[c.seen.size() - 2].starts_with("unusable: 0 4."));
      CHECK(c.seen[c.seen.size() - 2].ends_with(" (TLS)") == !after[heard].empty());
    }
  }
}

TEST_CASE("smtp client session tls: a server's own word is laid to TLS in answer to STARTTLS alone",
          "[smtp]") {
  Conversation before(TlsLevel::may);
  CHECK(before.hear_all({"220 mx", "421 busy"}).at(1) == "unusable: 421 busy");
  Conversation at(TlsLevel::may);
  CHECK(at.hear_all({"220 mx", kOffer, "421 no TLS now"}).at(2) ==
        "unusable: 421 no TLS now (TLS)");
  Conversation behind(TlsLevel::may);
  CHECK(behind.hear_all({"220 mx", kOffer, "220 go", "421 busy"}).at(4) == "unusable: 421 busy");
  Conversation refused(TlsLevel::may);
  CHECK(refused.hear_all({"220 mx", kOffer, "220 go", "450 not you"}).at(5) ==
        "unusable: 450 not you");
}

// CVE-2021-38371 and its like: replies put behind the 220, in the clear, to be read under TLS.
TEST_CASE(
    "smtp client session tls: what stands behind the reply to STARTTLS has no effect, in "
    "every split",
    "[smtp]") {
  const auto level = GENERATE(TlsLevel::may, TlsLevel::encrypt, TlsLevel::verify);
  const std::string go = "220 go\r\n";
  const std::string injected = GENERATE(as<std::string>(), "250 mx\r\n", "2", "\r\n",
                                        "250-mx\r\n250 AUTH PLAIN\r\n250 ok\r\n");
  const std::string script = go + injected;
  for (std::size_t split = 1; split <= script.size(); ++split) {
    CAPTURE(split, injected);
    Conversation c(level);
    c.hear_all({"220 mx", kOffer});
    c.seen.clear();
    c.session.on_bytes(std::string_view(script).substr(0, split));
    // What the owner does with a StartTls that it was given meanwhile comes too late.
    c.session.on_bytes(std::string_view(script).substr(split));
    c.handshake = Handshake::done;
    c.drain();
    std::erase(c.seen, "start TLS");
    CHECK(c.seen == Lines{"unusable: 0 4.7.5 the server said more behind its reply to STARTTLS, "
                          "before the handshake (TLS)",
                          "close"});
    CHECK_FALSE(c.session.ready());
  }
}

TEST_CASE("smtp client session tls: nothing is said under TLS before the handshake is done",
          "[smtp]") {
  ClientSession session("me.test", TlsLevel::may);
  session.on_bytes("220 mx\r\n" + kOffer + "\r\n");
  session.on_bytes("220 go\r\n");
  std::size_t actions = 0;
  while (session.next_action()) ++actions;
  CHECK(actions == 3);  // EHLO, STARTTLS, the handshake
  CHECK(session.wait() == ClientSession::Wait::handshake);
  CHECK_FALSE(session.ready());
  session.on_secured({});
  CHECK(session.wait() == ClientSession::Wait::reply);
}

TEST_CASE("smtp client session tls: 530 for want of TLS that cannot be had now is not final",
          "[smtp]") {
  const auto [level, replies, expected] = GENERATE(table<TlsLevel, Lines, std::string>({
      {TlsLevel::may, {kOffer, "454 not now"}, "done 4.7.0"},
      {TlsLevel::none, {kOffer}, "done 4.7.0"},
      {TlsLevel::none, {"250 mx"}, "done 5.7.0"},
      {TlsLevel::may, {kOffer, "220 go", kOffer}, "done 5.7.0"},
  }));
  Conversation c(level);
  c.hear("220 mx\r\n");
  c.hear_all(replies);
  REQUIRE(c.session.ready());
  c.session.start(one_message());
  c.hear("530 5.7.0 Must issue a STARTTLS command first\r\n");
  CHECK(c.seen.back() == expected);
}

TEST_CASE("smtp client session tls: in every split the dialogue is the same", "[smtp]") {
  const Lines replies{"220 mx\r\n", kOffer + "\r\n", "220 go\r\n", "250-mx\r\n250 DSN\r\n"};
  std::size_t longest = 0;
  for (const std::string& reply : replies) longest = std::max(longest, reply.size());
  for (std::size_t step = 1; step <= longest; ++step) {
    Conversation c(TlsLevel::verify);
    for (const std::string_view reply : replies)
      for (std::size_t i = 0; i < reply.size(); i += step) c.hear(reply.substr(i, step));
    CHECK(c.seen == Lines{"C: EHLO me.test", "C: STARTTLS", "start TLS", "C: EHLO me.test"});
    CHECK(c.session.ready());
  }
}

TEST_CASE("smtp client session tls: implicit TLS comes before the greeting, and STARTTLS never",
          "[smtp]") {
  Conversation c(GENERATE(TlsLevel::encrypt, TlsLevel::verify), Handshake::done, kImplicit);
  CHECK(c.session.wait() == ClientSession::Wait::handshake);
  c.drain();
  CHECK(c.seen == Lines{"start TLS"});
  CHECK(c.session.wait() == ClientSession::Wait::greeting);
  CHECK(c.hear_all({"220 mx", kOffer}) == Lines{"start TLS", "C: EHLO me.test"});
  CHECK(c.session.ready());
}

TEST_CASE("smtp client session tls: REQUIRETLS counts under implicit TLS", "[smtp]") {
  Conversation c(TlsLevel::verify, Handshake::done, kImplicit);
  c.drain();
  c.hear_all({"220 mx", "250-mx\r\n250 REQUIRETLS"});
  ClientTransaction transaction = one_message();
  transaction.tls_required = true;
  c.session.start(std::move(transaction));
  c.drain();
  CHECK(c.seen.back() == "C: MAIL FROM:<s@x.test> REQUIRETLS");
}

TEST_CASE("smtp client session tls: implicit TLS that fails is told as what it is", "[smtp]") {
  Conversation c(TlsLevel::encrypt, Handshake::failed, kImplicit);
  c.drain();
  CHECK(c.seen == Lines{"start TLS",
                        "unusable: 0 4.7.5 TLS from the first octet failed: bad record (TLS)",
                        "close"});
}

TEST_CASE(
    "smtp client session tls: what ends a session before its first words under implicit TLS "
    "is laid to TLS",
    "[smtp]") {
  const auto lost_after = [](const Lines& replies) {
    Conversation c(TlsLevel::encrypt, Handshake::done, kImplicit);
    c.drain();
    c.hear_all(replies);
    c.session.on_closed({});
    c.drain();
    return c.seen.at(c.seen.size() - 2);
  };
  CHECK(lost_after({}) ==
        "unusable: 0 4.4.2 the connection was lost while waiting for the greeting (TLS)");
  Conversation refused(TlsLevel::encrypt, Handshake::done, kImplicit);
  refused.drain();
  CHECK(refused.hear_all({"554 not you"}).at(2) == "unusable: 554 not you");
}

TEST_CASE(
    "smtp client session tls: what is said before the handshake of implicit TLS has no effect",
    "[smtp]") {
  const std::string greeting = "220 mx\r\n";
  for (std::size_t split = 1; split <= greeting.size(); ++split) {
    Conversation c(TlsLevel::encrypt, Handshake::done, kImplicit);
    c.session.on_bytes(std::string_view(greeting).substr(0, split));
    c.session.on_bytes(std::string_view(greeting).substr(split));
    c.drain();
    std::erase(c.seen, "start TLS");
    CHECK(c.seen == Lines{"unusable: 0 4.7.5 the server spoke in the clear, before the handshake "
                          "(TLS)",
                          "close"});
  }
}

}  // namespace smtp_client_session_tls_test

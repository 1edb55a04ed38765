#include "tests/sink/session.h"

#include <catch2/catch.hpp>

namespace postrider::sink {

namespace {

const std::string kDialogue =
    "EHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nRCPT TO:<c@b.test>\r\nDATA\r\n"
    "Subject: a\r\n\r\n..\r\n.a\r\n.\r\n"
    "MAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n.\r\n"
    "QUIT\r\n";
const std::string kReplies =
    "250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
    "250 2.0.0 ok\r\n250 2.0.0 ok\r\n250 2.0.0 ok\r\n354 go on\r\n250 2.0.0 ok\r\n"
    "250 2.0.0 ok\r\n250 2.0.0 ok\r\n354 go on\r\n250 2.0.0 ok\r\n"
    "221 2.0.0 bye\r\n";

}  // namespace

TEST_CASE("sink session: every message is counted with its recipients, in every split", "[sink]") {
  for (std::size_t split = 0; split <= kDialogue.size(); ++split) {
    INFO(split);
    Session session(false);
    Session::Turn all = session.on_bytes(kDialogue.substr(0, split));
    const Session::Turn rest = session.on_bytes(kDialogue.substr(split));
    all.messages.insert(all.messages.end(), rest.messages.begin(), rest.messages.end());
    CHECK(all.messages == std::vector<unsigned>{2, 1});
    CHECK(all.replies + rest.replies == kReplies);
    CHECK((all.close || rest.close));
  }
}

TEST_CASE("sink session: RSET and MAIL begin without recipients", "[sink]") {
  for (const std::string between : {"RSET\r\n", "MAIL FROM:<>\r\n"}) {
    Session session(false);
    const auto turn = session.on_bytes("RCPT TO:<a@b.test>\r\n" + between +
                                       "RCPT TO:<b@b.test>\r\nDATA\r\n.\r\n");
    CHECK(turn.messages == std::vector<unsigned>{1});
  }
}

TEST_CASE("sink session: STARTTLS is offered once, and drops what came behind it", "[sink]") {
  Session session(true);
  CHECK(session.on_bytes("EHLO a\r\n").replies.find("250-STARTTLS\r\n") != std::string::npos);
  const auto turn = session.on_bytes("STARTTLS\r\nRCPT TO:<a@b.test>\r\n");
  CHECK(turn.start_tls);
  CHECK(turn.replies == "220 2.0.0 ready\r\n");
  session.on_secured();
  CHECK(session.on_bytes("EHLO a\r\n").replies.find("STARTTLS") == std::string::npos);
  CHECK_FALSE(session.on_bytes("STARTTLS\r\n").start_tls);
}

TEST_CASE("sink session: a line without end is not gathered", "[sink]") {
  Session session(false);
  CHECK(session.on_bytes(std::string(5000, 'x')).close);
}

}  // namespace postrider::sink

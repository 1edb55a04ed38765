#include "common/smtp/dialogue.h"

#include <catch2/catch.hpp>

namespace smtp_dialogue_test {

using namespace postrider;
using namespace std::chrono_literals;
using smtp::Dialogue;

TEST_CASE("smtp dialogue: both sides stand in it with their times", "[smtp]") {
  Dialogue dialogue;
  dialogue.begin(5s);
  dialogue.on_received("220 mx ESMTP\r\n", 5s + 12ms);
  dialogue.on_sent("EHLO here\r\n", 5s + 12ms);
  dialogue.on_received("250-mx\r\n250 PIPELINING\r\n", 5s + 20ms);
  dialogue.on_sent("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", 5s + 20ms);
  dialogue.on_event("content sent", 5s + 1400ms);
  CHECK(dialogue.text() ==
        "12 < 220 mx ESMTP\n12 > EHLO here\n20 < 250-mx\n20 < 250 PIPELINING\n"
        "20 > MAIL FROM:<a@b>\n20 > RCPT TO:<c@d>\n20 > DATA\n1400 * content sent");
  CHECK(dialogue.took() == 1400ms);
  dialogue.begin(9s);
  CHECK(dialogue.text().empty());
}

TEST_CASE("smtp dialogue: replies may come in any portions", "[smtp]") {
  const std::string replies = "250-one\r\n250 two\r\n334 secret\r\n";
  for (std::size_t cut = 0; cut <= replies.size(); ++cut) {
    CAPTURE(cut);
    Dialogue dialogue;
    dialogue.begin(0s);
    dialogue.on_received(replies.substr(0, cut), 1ms);
    dialogue.on_received(replies.substr(cut), 1ms);
    CHECK(dialogue.text() == "1 < 250-one\n1 < 250 two\n1 < 334 secret");
  }
}

TEST_CASE("smtp dialogue: of a login there is nothing but its mechanism", "[smtp]") {
  Dialogue dialogue;
  dialogue.begin(0s);
  dialogue.on_sent("AUTH PLAIN AHNlY3JldA==\r\n", 0s);
  dialogue.on_received("235 welcome\r\n", 0s);
  dialogue.on_sent("auth LOGIN\r\n", 0s);
  dialogue.on_received("334 VXNlcm5hbWU6\r\n", 0s);
  dialogue.on_sent("c2VjcmV0\r\n", 0s);
  dialogue.on_received("334 UGFzc3dvcmQ6\r\n", 0s);
  dialogue.on_sent("c2VjcmV0\r\n", 0s);
  dialogue.on_received("535-no\r\n535 such user\r\n", 0s);
  dialogue.on_sent("QUIT\r\n", 0s);
  CHECK(dialogue.text() ==
        "0 > AUTH PLAIN *\n0 < 235 welcome\n0 > auth LOGIN\n0 < 334 *\n0 > *\n0 < 334 *\n0 > *\n"
        "0 < 535-no\n0 < 535 such user\n0 > QUIT");
}

TEST_CASE("smtp dialogue: a long one keeps its beginning and the last reply", "[smtp]") {
  Dialogue dialogue;
  dialogue.begin(0s);
  for (int i = 0; i < 1000; ++i) {
    dialogue.on_sent("RCPT TO:<a@b>\r\n", 0s);
    dialogue.on_received("250 " + std::string(5000, 'x') + "\r\n", 0s);
  }
  dialogue.on_received("550 the last\r\n", 7ms);
  const std::string text = dialogue.text();
  CHECK(text.size() < Dialogue::kMaxOctets + 200);
  CHECK(text.starts_with("0 > RCPT TO:<a@b>\n0 < 250 xxx"));
  CHECK(text.find("xxx...\n") != std::string::npos);
  CHECK(text.find("lines are left out\n7 < 550 the last") != std::string::npos);
}

}  // namespace smtp_dialogue_test

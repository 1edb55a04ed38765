#include "common/smtp/reply.h"

#include <catch2/catch.hpp>

namespace smtp_reply_test {

using namespace postrider::smtp;

TEST_CASE("smtp reply: each line of the text repeats code and status", "[smtp]") {
  CHECK(to_wire({250, "2.1.0", "ok"}) == "250 2.1.0 ok\r\n");
  CHECK(to_wire({220, "", "mx.test ESMTP"}) == "220 mx.test ESMTP\r\n");
  CHECK(to_wire({550, "5.7.1", "not here\nread the page"}) ==
        "550-5.7.1 not here\r\n550 5.7.1 read the page\r\n");
  CHECK(to_wire({250, "", ""}) == "250 \r\n");
}

TEST_CASE("smtp reply: on one line nothing can break the line", "[smtp]") {
  CHECK(to_line({550, "5.1.1", "no\nsuch\r\x01user"}) == "550 5.1.1 no such  user");
}

}  // namespace smtp_reply_test

#include "smtpd/priority.h"

#include <catch2/catch.hpp>

namespace smtpd_priority_test {

using namespace postrider;
using namespace postrider::smtpd;

TEST_CASE("smtpd priority: a stranger's mail is no more urgent than others'", "[smtpd]") {
  const auto [may_relay, asked, granted] = GENERATE(table<bool, int, int>({
      {true, 9, 9},
      {true, -9, -9},
      {false, 9, 0},
      {false, 0, 0},
      {false, -9, -9},
  }));
  const checks::Client client{{}, may_relay};
  CHECK(granted_priority(client, asked) == granted);
  CHECK(to_line(answer_sender(client, asked)) ==
        (asked == granted ? "250 2.1.0 sender ok"
                          : "250 2.3.6 0 is the new priority assigned to the message"));
}

}  // namespace smtpd_priority_test

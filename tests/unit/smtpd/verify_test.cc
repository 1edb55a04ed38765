#include "smtpd/verify.h"

#include <catch2/catch.hpp>

namespace smtpd_verify_test {

using namespace postrider;
using namespace postrider::smtpd;
using directory::RecipientAnswer;
using Kind = RecipientAnswer::Kind;

TEST_CASE("smtpd verify: VRFY and EXPN tell what the directory knows", "[smtpd]") {
  const smtp::Mailbox asked{"a b", "here.test"};
  const auto vrfy = [&](Kind kind) {
    return to_line(answer_vrfy(asked, RecipientAnswer{kind, "", {}}, nullptr));
  };
  CHECK(vrfy(Kind::mailbox) == "250 2.1.5 <\"a b\"@here.test>");
  CHECK(vrfy(Kind::unknown_user) == "550 5.1.1 no such user");
  CHECK(vrfy(Kind::foreign).starts_with("252 2.5.2"));
  CHECK(answer_vrfy(asked, fail(ErrorKind::temporary, "x"), nullptr).code == 451);
  const config::Route route{"here.test", {"smtp:h.test"}};
  CHECK(answer_vrfy(asked, RecipientAnswer{Kind::unknown_user, "", {}}, &route).code == 252);
  const config::Route store{"here.test", {"lmtp:h.test"}};
  CHECK(answer_vrfy(asked, RecipientAnswer{Kind::unknown_user, "", {}}, &store).code == 550);

  const RecipientAnswer list{Kind::alias, "", {"a@here.test", "b@far.test"}};
  CHECK(to_wire(answer_expn(list)) == "250-2.1.5 <a@here.test>\r\n250 2.1.5 <b@far.test>\r\n");
  CHECK(answer_expn(RecipientAnswer{Kind::mailbox, "a@here.test", {}}).code == 550);
  CHECK(answer_expn(fail(ErrorKind::temporary, "x")).code == 451);
}

}  // namespace smtpd_verify_test

#include "smtpd/checks/recipient.h"

namespace postrider::smtpd::checks {

smtp::Reply directory_away() {
  return {451, "4.3.0", "cannot look up the recipient now, try again"};
}

smtp::Reply judge_recipient(const Client& client, const Result<directory::RecipientAnswer>& answer,
                            const config::Route* route) {
  using Kind = directory::RecipientAnswer::Kind;
  if (!answer) return directory_away();
  switch (answer->kind) {
    case Kind::mailbox:
    case Kind::alias:
      break;
    case Kind::foreign:
      if (!client.may_relay) return {550, "5.7.1", "relaying denied"};
      break;
    case Kind::unknown_user:
      if (route == nullptr) return {550, "5.1.1", "no such user"};
      break;
  }
  return {250, "2.1.5", "recipient ok"};
}

}  // namespace postrider::smtpd::checks

#include "smtpd/verify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/config/routes.h"

namespace postrider::smtpd {

using Kind = directory::RecipientAnswer::Kind;

namespace {

smtp::Reply directory_away() { return {451, "4.3.0", "cannot look up the address now, try again"}; }

}  // namespace

smtp::Reply answer_vrfy(const smtp::Mailbox& asked,
                        const Result<directory::RecipientAnswer>& answer,
                        const config::Route* route) {
  if (!answer) return directory_away();
  switch (answer->kind) {
    case Kind::mailbox:
    case Kind::alias: return {250, "2.1.5", fmt::format("<{}>", asked.str())};
    case Kind::disabled:
      if (route == nullptr || config::leads_to_store(*route))
        return {550, "5.2.1", "this mailbox takes no mail any more"};
      break;
    case Kind::unknown_user:
      if (route == nullptr || config::leads_to_store(*route)) return {550, "5.1.1", "no such user"};
      break;
    case Kind::foreign: break;
  }
  return {252, "2.5.2", "not a user of this host; send mail and see"};
}

smtp::Reply answer_expn(const Result<directory::RecipientAnswer>& answer) {
  if (!answer) return directory_away();
  if (answer->kind != Kind::alias) return {550, "5.1.1", "no such list"};
  return {250, "2.1.5", fmt::format("<{}>", fmt::join(answer->targets, ">\n<"))};
}

}  // namespace postrider::smtpd

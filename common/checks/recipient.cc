// recipient.cc - this is a recipient that mail may be accepted for.
//
//   mailbox or alias of ours   accepted
//   no such user of ours       550 5.1.1, but accepted where a route takes the domain elsewhere:
//                              whoever gets the mail then knows its users; a mail store does not
//   a user who has expired, or of a disabled domain
//                              550 5.2.1, but accepted as one who is not there
//   a rewritten reverse-path   accepted from <>, else 550 5.7.1; one that is not of our making, or
//                              too old, 550 5.1.1
//   another domain             accepted from a client that may relay, else 550 5.7.1
//   the directory is away      451 4.3.0: never "no such user"
#include "common/checks/rows.h"
#include "common/config/routes.h"

namespace postrider::checks {

Finding recipient(const Facts& facts) {
  using Kind = directory::RecipientAnswer::Kind;
  if (!facts.answer)
    return smtp::Reply{451, "4.3.0", "cannot look up the recipient now, try again"};
  switch (facts.answer->kind) {
    case Kind::mailbox: break;
    case Kind::alias:
      if (facts.answer->bounces_only && !facts.sender.is_null())
        return smtp::Reply{550, "5.7.1", "this address takes delivery reports alone, from <>"};
      break;
    case Kind::foreign:
      if (!facts.client.may_relay) return smtp::Reply{550, "5.7.1", "relaying denied"};
      break;
    case Kind::disabled:
      // RFC 3463 section 3.3: "mailbox disabled, not accepting messages".
      if (facts.route == nullptr || config::leads_to_store(*facts.route))
        return smtp::Reply{550, "5.2.1", "this mailbox takes no mail any more"};
      break;
    case Kind::unknown_user:
      if (!facts.answer->reason.empty()) return smtp::Reply{550, "5.1.1", facts.answer->reason};
      if (facts.route == nullptr || config::leads_to_store(*facts.route))
        return smtp::Reply{550, "5.1.1", "no such user"};
      break;
  }
  return std::nullopt;
}

}  // namespace postrider::checks

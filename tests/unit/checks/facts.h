// facts.h - what a stranger's mail looks like when nothing speaks against it; a test spoils one
// thing.
#pragma once

#include <string>
#include <string_view>

#include "common/checks/rows.h"
#include "common/config/load.h"

namespace postrider::checks::testing {

struct Stranger {
  Stranger() {
    settings.hostname = "mx.test";
    facts.reverse = {net::ReverseName::Status::confirmed, "out.far.test"};
    facts.helo = "out.far.test";
    facts.sender = {"ann", "far.test"};
    facts.sender_mail = DomainMail::taken;
    facts.recipient = {"bob", "here.test"};
    facts.answer =
        directory::RecipientAnswer{directory::RecipientAnswer::Kind::mailbox, "bob@here.test", {}};
    facts.recipients = 1;
    facts.header.fields = 3;
    facts.header.single[0] = facts.header.single[1] = 1;
  }

  // "550 5.1.1 no such user", or "" where the check finds nothing.
  std::string found(Finding (*check)(const Facts&)) const {
    const Finding finding = check(facts);
    return finding ? to_line(*finding) : "";
  }

  config::Settings settings = config::defaults();
  Client client{*net::IpAddress::parse("203.0.113.9"), false};
  Facts facts{settings, client};
};

}  // namespace postrider::checks::testing

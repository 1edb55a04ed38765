// recipient.h - is this a recipient that mail may be accepted for?
//
//   mailbox or alias of ours   250 2.1.5
//   no such user of ours       550 5.1.1, but 250 2.1.5 where a route takes the domain elsewhere:
//                              whoever gets the mail then knows its users
//   another domain             250 2.1.5 for a client that may relay, else 550 5.7.1
//   the directory is away      451 4.3.0: never "no such user"
#pragma once

#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/directory/directory.h"
#include "common/smtp/reply.h"
#include "smtpd/client.h"

namespace postrider::smtpd::checks {

// `route`: what config::find_route() says of the recipient's domain if it is ours, or null.
smtp::Reply judge_recipient(const Client& client, const Result<directory::RecipientAnswer>& answer,
                            const config::Route* route);

// 451 4.3.0: the directory could not answer.
smtp::Reply directory_away();

}  // namespace postrider::smtpd::checks

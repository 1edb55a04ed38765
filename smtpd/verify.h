// verify.h - the answers to VRFY and EXPN, where they are configured on.
//
// RFC 5321 section 3.5.
#pragma once

#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/directory/directory.h"
#include "common/smtp/address.h"
#include "common/smtp/reply.h"

namespace postrider::smtpd {

// `route`: what config::find_route() says of the domain if it is ours, or null.
smtp::Reply answer_vrfy(const smtp::Mailbox& asked,
                        const Result<directory::RecipientAnswer>& answer,
                        const config::Route* route);
// Only an alias is a list.
smtp::Reply answer_expn(const Result<directory::RecipientAnswer>& answer);

}  // namespace postrider::smtpd

// verify.h - the answers to VRFY and EXPN, where they are configured on.
//
// RFC 5321 section 3.5.
#pragma once

#include "common/base/result.h"
#include "common/directory/directory.h"
#include "common/smtp/address.h"
#include "common/smtp/reply.h"

namespace postrider::smtpd::checks {

smtp::Reply answer_vrfy(const smtp::Mailbox& asked,
                        const Result<directory::RecipientAnswer>& answer);
// Only an alias is a list.
smtp::Reply answer_expn(const Result<directory::RecipientAnswer>& answer);

}  // namespace postrider::smtpd::checks

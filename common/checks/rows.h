// rows.h - the checks, each in the file of its name.
#pragma once

#include "common/checks/check.h"

namespace postrider::checks {

Finding local_user(const Facts& facts);
Finding early_talker(const Facts& facts);
Finding reverse_dns(const Facts& facts);
Finding helo_own_name(const Facts& facts);
Finding helo_literal(const Facts& facts);
Finding helo_name(const Facts& facts);
Finding sender_domain(const Facts& facts);
Finding sender_is_ours(const Facts& facts);
Finding sender_right(const Facts& facts);
Finding recipient(const Facts& facts);
Finding recipient_domain(const Facts& facts);
Finding mailbox_size(const Facts& facts);
Finding quota(const Facts& facts);
Finding pipelining(const Facts& facts);
Finding null_sender(const Facts& facts);
Finding header_limit(const Facts& facts);
Finding loop(const Facts& facts);
Finding submitted_header(const Facts& facts);
Finding header_syntax(const Facts& facts);
Finding header_repeated(const Facts& facts);
Finding header_missing(const Facts& facts);
Finding author_right(const Facts& facts);

}  // namespace postrider::checks

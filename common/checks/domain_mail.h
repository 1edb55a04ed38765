// domain_mail.h - asks DNS whether mail to a domain has somewhere to go.
//
// RFC 5321 section 5.1 (MX, else the address of the name itself), RFC 7505 (null MX).
#pragma once

#include <string>

#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/checks/facts.h"
#include "common/net/resolver.h"

namespace postrider::checks {

// `domain` is an A-label name. `resolver` outlives the question.
[[nodiscard]] PendingPtr find_domain_mail(net::Resolver& resolver, std::string domain,
                                          UniqueFunction<void(DomainMail)> done);

}  // namespace postrider::checks

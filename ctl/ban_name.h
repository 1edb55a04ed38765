// ban_name.h - whom an operator means: the names under which bans are kept.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/limits/bans.h"

namespace postrider::ctl {

struct BanName {
  limits::BanKind kind;
  std::string name;
};

// An IPv4 address stands for itself, an IPv6 address for its /64, "user@domain" for an account.
// Invalid: anything else, as a network of another size is.
Result<BanName> parse_ban_name(const std::string& text);

}  // namespace postrider::ctl

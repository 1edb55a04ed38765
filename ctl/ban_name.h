// ban_name.h - whom an operator means: the names under which bans are kept.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/limits/bans.h"

namespace postrider::ctl {

struct BanName {
  limits::BanKind kind;
  std::string name;
};

// An IPv4 address stands for itself, an IPv6 address for its /64, "user@domain" for an account.
// Invalid: anything else, as a network of another size is.
Result<BanName> parse_ban_name(const std::string& text);

// The account of whoever gives that as a name for logins.
BanName account_named(std::string_view login);

// The name under which the daemons count it (Credentials::account_of()): where the domain of an
// account is an alias, with the domain itself; as written where the directory cannot be read.
std::string as_counted(const BanName& named, const config::Settings& settings);

// Whether somebody can log in by that name: an address always is known; an account is where the
// directory cannot be read.
bool is_known(const BanName& named, const config::Settings& settings);

}  // namespace postrider::ctl

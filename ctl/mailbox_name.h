// mailbox_name.h - which mailbox an address on the command line means.
#pragma once

#include <optional>
#include <string>

#include "common/config/settings.h"
#include "ctl/context.h"

namespace postrider::ctl {

// The mailbox of `address`: that of its Maildir, if there is one, as that of a user who was removed
// stays; else of the user whom the directory knows by it. Nothing after an error was shown.
std::optional<std::string> mailbox_named(Context& context, const config::Settings& settings,
                                         const std::string& address);

}  // namespace postrider::ctl

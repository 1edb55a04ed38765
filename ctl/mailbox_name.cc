#include "ctl/mailbox_name.h"

#include <sys/stat.h>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/maildir/mailbox_path.h"
#include "common/smtp/command.h"
#include "ctl/explanation.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

std::optional<std::string> mailbox_named(Context& context, const config::Settings& settings,
                                         const std::string& address) {
  const std::string name = to_lower(address);
  struct stat status {};
  if (const auto path = maildir::mailbox_path(name))
    if (::stat(fmt::format("{}/{}", settings.paths.mail, *path).c_str(), &status) == 0) return name;
  const auto parsed = smtp::parse_mailbox(address);
  auto mailbox = parsed ? find_mailbox(settings, *parsed) : std::nullopt;
  if (!mailbox)
    context.refuse(ExitStatus::refused,
                   fmt::format("{}: no such mailbox; `postrider user list` shows whose there are",
                               printable(address)));
  return mailbox;
}

}  // namespace postrider::ctl

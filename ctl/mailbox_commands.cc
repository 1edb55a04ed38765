// mailbox_commands.cc - postrider mailbox: what an administrator does with mailboxes.
#include <CLI/CLI.hpp>

#include "ctl/context.h"
#include "ctl/mailbox_commands.h"

namespace postrider::ctl {

void add_mailbox_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("mailbox", "The mailboxes and the mail in them");
  group->require_subcommand(1);
  add_mailbox_list_command(*group, context);
  add_mailbox_import_command(*group, context);
  add_mailbox_export_command(*group, context);
  add_mailbox_check_commands(*group, context);
  add_mailbox_sweep_command(*group, context);
  add_mailbox_trash_commands(*group, context);
}

}  // namespace postrider::ctl

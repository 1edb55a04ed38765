// mailbox_commands.cc - postrider mailbox: what an administrator does with mailboxes.

#include "ctl/mailbox_commands.h"
#include "ctl/command.h"
#include "ctl/context.h"

namespace postrider::ctl {

void add_mailbox_commands(Command app, Context& context) {
  const Command group = app.add_subcommand("mailbox", "The mailboxes and the mail in them");
  group.require_subcommand();
  add_mailbox_list_command(group, context);
  add_mailbox_import_command(group, context);
  add_mailbox_export_command(group, context);
  add_mailbox_check_commands(group, context);
  add_mailbox_sweep_command(group, context);
  add_mailbox_trash_commands(group, context);
}

}  // namespace postrider::ctl

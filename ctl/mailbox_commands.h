// mailbox_commands.h - the commands of `postrider mailbox`, as commands.h has the other groups.
#pragma once

namespace postrider::ctl {

class Command;
class Context;

void add_mailbox_commands(Command app, Context& context);
void add_mailbox_list_command(Command mailbox, Context& context);
void add_mailbox_import_command(Command mailbox, Context& context);
void add_mailbox_export_command(Command mailbox, Context& context);
void add_mailbox_check_commands(Command mailbox, Context& context);  // mailbox check|repair
void add_mailbox_sweep_command(Command mailbox, Context& context);
void add_mailbox_trash_commands(Command mailbox, Context& context);  // mailbox trash|undelete

}  // namespace postrider::ctl

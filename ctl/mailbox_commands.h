// mailbox_commands.h - the commands of `postrider mailbox`, as commands.h has the other groups.
#pragma once

namespace CLI {
class App;
}

namespace postrider::ctl {

class Context;

void add_mailbox_commands(CLI::App& app, Context& context);
void add_mailbox_list_command(CLI::App& mailbox, Context& context);
void add_mailbox_import_command(CLI::App& mailbox, Context& context);
void add_mailbox_export_command(CLI::App& mailbox, Context& context);
void add_mailbox_check_commands(CLI::App& mailbox, Context& context);  // mailbox check|repair
void add_mailbox_sweep_command(CLI::App& mailbox, Context& context);
void add_mailbox_trash_commands(CLI::App& mailbox, Context& context);  // mailbox trash|undelete

}  // namespace postrider::ctl

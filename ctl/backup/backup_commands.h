// backup_commands.h - postrider backup and restore; see commands.h for what each does.
#pragma once

namespace postrider::ctl {

class Command;
class Context;

void add_backup_command(Command app, Context& context);
void add_restore_command(Command app, Context& context);

}  // namespace postrider::ctl

// backup_commands.h - postrider backup and restore; see commands.h for what each does.
#pragma once

namespace CLI {
class App;
}

namespace postrider::ctl {

class Context;

void add_backup_command(CLI::App& app, Context& context);
void add_restore_command(CLI::App& app, Context& context);

}  // namespace postrider::ctl

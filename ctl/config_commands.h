// config_commands.h - the parts of `postrider config` that are in files of their own.
#pragma once

namespace postrider::ctl {

class Command;
class Context;

void add_config_edit_commands(Command group, Context& context);
void add_config_diff_command(Command group, Context& context);

}  // namespace postrider::ctl

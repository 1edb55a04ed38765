// config_commands.h - the parts of `postrider config` that are in files of their own.
#pragma once

namespace CLI {
class App;
}

namespace postrider::ctl {

class Context;

void add_config_edit_commands(CLI::App& group, Context& context);
void add_config_diff_command(CLI::App& group, Context& context);

}  // namespace postrider::ctl

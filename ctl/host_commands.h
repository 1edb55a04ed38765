// host_commands.h - the commands that make a mail server of this host, and see that it is one; as
// commands.h.
#pragma once

namespace CLI {
class App;
}

namespace postrider::ctl {

class Context;

void add_setup_command(CLI::App& app, Context& context);
void add_selftest_command(CLI::App& app, Context& context);
void add_doctor_command(CLI::App& app, Context& context);

}  // namespace postrider::ctl

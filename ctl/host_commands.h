// host_commands.h - the commands that make a mail server of this host, and see that it is one; as
// commands.h.
#pragma once

namespace postrider::ctl {

class Command;
class Context;

void add_setup_command(Command app, Context& context);
void add_selftest_command(Command app, Context& context);
void add_doctor_command(Command app, Context& context);

}  // namespace postrider::ctl

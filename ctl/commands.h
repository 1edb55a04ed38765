// commands.h - the groups of commands; each adds itself to the command line and runs when chosen.
//
// A command sets context.status and shows its answer or why it refused.
#pragma once

namespace postrider::ctl {

class Command;
class Context;

void add_init_command(Command app, Context& context);
void add_run_command(Command app, Context& context);
void add_status_command(Command app, Context& context);
void add_monitor_command(Command app, Context& context);
void add_top_command(Command app, Context& context);
void add_explain_command(Command app, Context& context);
void add_config_commands(Command app, Context& context);          // config show|explain|test|...
void add_ban_commands(Command app, Context& context);             // bans list|add|lift
void add_directory_commands(Command app, Context& context);       // domain, user, alias
void add_domain_commands(Command app, Context& context);          // domain
void add_user_commands(Command app, Context& context);            // user
void add_directory_file_commands(Command app, Context& context);  // directory export|import
void add_app_password_commands(Command user, Context& context);   // user app-password
void add_send_right_commands(Command user, Context& context);     // user send-as
void add_queue_commands(Command app, Context& context);           // queue list|show|...
void add_queue_verbs(Command queue, Context& context);            // queue hold|release|...
void add_trace_command(Command app, Context& context);
void add_verify_command(Command queue, Context& context);  // queue verify

}  // namespace postrider::ctl

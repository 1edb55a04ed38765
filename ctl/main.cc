// main.cc - the program `postrider`, which is also `sendmail`, `mailq` and `newaliases` under these
// names.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/write_all.h"
#include "common/config/daemon.h"
#include "ctl/backup/backup_commands.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/host_commands.h"
#include "ctl/mailbox_commands.h"
#include "ctl/sendmail.h"

namespace {

using namespace postrider;

// To nobody where the terminal is gone.
void tell(const std::string& text) { static_cast<void>(write_all(STDERR_FILENO, text)); }

int run_command(std::vector<std::string> arguments) {
  ctl::Context context;
  ctl::CommandLine line("postrider", "The command of the Postrider mail suite",
                        fmt::format("postrider {}", config::version()));
  const ctl::Command app = line.root();
  app.add_option("-C,--config", context.config_path, "The configuration file");
  app.add_flag("--json", context.json, "Answer with one JSON document");
  ctl::add_init_command(app, context);
  ctl::add_setup_command(app, context);
  ctl::add_doctor_command(app, context);
  ctl::add_selftest_command(app, context);
  ctl::add_run_command(app, context);
  ctl::add_status_command(app, context);
  ctl::add_top_command(app, context);
  ctl::add_monitor_command(app, context);
  ctl::add_explain_command(app, context);
  ctl::add_config_commands(app, context);
  ctl::add_directory_commands(app, context);
  ctl::add_queue_commands(app, context);
  ctl::add_trace_command(app, context);
  ctl::add_mailbox_commands(app, context);
  ctl::add_ban_commands(app, context);
  ctl::add_backup_command(app, context);
  ctl::add_restore_command(app, context);
  if (const auto status = line.parse(std::move(arguments))) return static_cast<int>(*status);
  // An answer that a full disk has cut off is none.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    tell(fmt::format("postrider: the answer could not be written: {}\n",
                     fail_errno("stdout", errno).value().text));
    return static_cast<int>(ctl::ExitStatus::try_again);
  }
  return static_cast<int>(context.status);
}

// For the packages of Debian that change /etc/aliases (Debian Policy 11.6).
int answer_newaliases() {
  fmt::print(
      "newaliases: nothing to do: /etc/aliases is not read, and what `postrider alias` changes "
      "has its effect at once\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "";
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  try {
    if (name == "sendmail") {
      const ctl::SendmailOptions options = ctl::parse_sendmail(arguments);
      if (!options.list_queue || !options.wrong.empty()) return ctl::sendmail(options);
      arguments = ctl::queue_list_command(options);
    }
    if (name == "newaliases") return answer_newaliases();
    if (name == "mailq") arguments.insert(arguments.end(), {"queue", "list"});
    return run_command(std::move(arguments));
  } catch (const std::exception& error) {
    tell(fmt::format("{}: {}\n", name, error.what()));
    return static_cast<int>(ctl::ExitStatus::try_again);
  }
}

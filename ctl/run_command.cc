// run_command.cc - postrider run: the whole suite in the foreground.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/config/daemon.h"
#include "common/directory/recovery.h"
#include "common/directory/schema.h"
#include "common/log/log.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/supervisor.h"

namespace postrider::ctl {

namespace {

namespace fs = std::filesystem;

// Where the daemons are: beside this program, or, of an installed suite, in ../lib/postrider.
fs::path program_folder(const fs::path& own) {
  fs::path installed = own.parent_path() / "lib/postrider";
  return !fs::exists(own / "queued") && fs::exists(installed / "queued") ? installed : own;
}

std::vector<Program> programs(const std::string& config_file, const config::Settings& settings) {
  const fs::path self = fs::read_symlink("/proc/self/exe");
  const fs::path folder = program_folder(self.parent_path());
  const auto program = [&](const char* name, const char* executable,
                           std::vector<std::string> options) {
    const fs::path path = executable == nullptr ? self : folder / executable;
    Program made{name, {path.string(), "--config", config_file}};
    made.arguments.insert(made.arguments.end(), options.begin(), options.end());
    return made;
  };
  std::vector<Program> all{program("queued", "queued", {}),
                           program("deliverd@local", "deliverd", {"--role", "local"}),
                           program("deliverd@remote", "deliverd", {"--role", "remote"}),
                           program("smtpd", "smtpd", {}),
                           program("pop3d", "pop3d", {}),
                           program("monitor", nullptr, {"monitor"})};
  if (settings.trace.enabled == "on")
    all.push_back(program("trace", nullptr, {"trace", "--collect"}));
  return all;
}

// Held while the suite runs, so that a second one on the same instance is refused. The file holds
// the process id.
Result<Fd> lock_instance(const std::string& run_directory) {
  const std::string path = run_directory + "/postrider.pid";
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return fail_errno(path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::invalid, fmt::format("{}: is locked: this instance runs already", path));
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::write(fd.get(), pid.data(), pid.size()) != static_cast<ssize_t>(pid.size()))
    return fail_errno(path, errno);
  return fd;
}

// The daemons only read it. What hinders this they meet, and tell, themselves.
void recover_directory(const config::Settings& settings, log::Logger& log) {
  const std::string path = fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName);
  const auto done = directory::recover(path);
  if (!done) {
    log.error("directory_not_recovered").with("reason", done.error().text);
  } else if (*done) {
    log.warning("directory_recovered")
        .with("path", path)
        .with("reason", "a change was cut off")
        .with("effect", "it is taken back: make it again");
  }
}

void run(Context& context) {
  const auto settings = context.settings();
  if (!settings) return;
  const auto lock = lock_instance(settings->paths.run);
  if (!lock) return context.refuse(lock.error());
  const SystemClock clock;
  log::Logger log = config::open_log("postrider", *settings, clock);
  recover_directory(*settings, log);
  Supervisor supervisor(
      programs(fs::absolute(context.configuration_file()).string(), *settings), settings->paths.run,
      log,
      [] {
        fmt::print("ready\n");
        std::fflush(stdout);
      },
      [&] { recover_directory(*settings, log); });
  context.status = static_cast<ExitStatus>(supervisor.run());
}

}  // namespace

void add_run_command(Command app, Context& context) {
  app.add_subcommand("run", "Run the whole suite in the foreground").callback([&context] {
    run(context);
  });
}

}  // namespace postrider::ctl

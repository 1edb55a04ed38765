// directory_file_commands.cc - postrider directory export, import: the whole directory as a file;
// and recover: what to do where a change of it was cut off.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/fd.h"
#include "common/base/write_all.h"
#include "common/directory/recovery.h"
#include "ctl/account_options.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/editing.h"
#include "ctl/entries_csv.h"
#include "ctl/entries_json.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using directory::DirectoryEditor;
using nlohmann::json;

constexpr mode_t kForOwner = 0600;

struct FileOptions {
  std::string file;
  std::string format;  // "json", "csv"; empty: as the file is named
  bool dry_run = false;

  bool is_csv() const { return format.empty() ? file.ends_with(".csv") : format == "csv"; }
};

std::string written(const directory::Entries& entries, bool as_csv) {
  if (as_csv) return to_csv(entries);
  constexpr int kIndent = 1;
  return to_json(entries).dump(kIndent, ' ', false, json::error_handler_t::replace) + "\n";
}

// A file that is there already is not written over: it may be open to others.
Result<void> write_file(const std::string& path, std::string_view text) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kForOwner));
  if (!fd && errno == EEXIST)
    return fail(ErrorKind::invalid, fmt::format("{} is there already; name a new file", path));
  if (!fd) return fail_errno(path, errno);
  int error = write_all(fd.get(), text);
  if (error == 0 && ::fsync(fd.get()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(path.c_str());  // a part of the directory is none
  return fail_errno(path, error);
}

Result<std::string> read_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(path, errno);
  std::string text(kMaxImport + 1, '\0');  // one octet more than may be, so that it is told of
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(fd.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(path, errno);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  return text;
}

void export_all(Context& context, const FileOptions& options) {
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto entries = editor.entries();
    if (!entries) return context.refuse(entries.error());
    const std::string text = written(*entries, options.is_csv());
    if (options.file.empty()) {
      fmt::print("{}", text);
      return;
    }
    if (const auto done = write_file(options.file, text); !done)
      return context.refuse(done.error());
    context.answer({{"file", options.file}, {"users", entries->users.size()}},
                   fmt::format("{}: {} domains, {} users, {} aliases; it holds what passwords "
                               "are verified by\n",
                               options.file, entries->domains.size(), entries->users.size(),
                               entries->aliases.size()));
  });
}

void tell(Context& context, const std::vector<directory::Fault>& faults) {
  json document = json::array();
  std::string text;
  for (const auto& [place, field, what] : faults) {
    document.push_back({{"place", place}, {"field", field}, {"error", what}});
    text +=
        fmt::format("\n  {}{}{}: {}", printable(place), place.empty() || field.empty() ? "" : ".",
                    printable(field), printable(what));
  }
  if (context.json) context.answer({{"imported", false}, {"errors", document}}, "");
  context.refuse(ExitStatus::refused,
                 fmt::format("nothing was imported; errors: {}{}{}", faults.size(),
                             faults.size() >= directory::kMaxFaults ? " or more" : "", text));
}

void import_all(Context& context, const FileOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  const auto text = read_file(options.file);
  if (!text) return context.refuse(text.error());
  const ReadEntries read = options.is_csv() ? read_csv_entries(*text) : read_entries(*text);
  if (!read.faults.empty()) return tell(context, read.faults);
  auto policy = password_policy(context, *settings);
  if (!policy) return;
  const directory::ImportOptions how{std::move(*policy), options.dry_run};
  with_editor(context, *settings, [&](DirectoryEditor& editor) {
    const auto outcome = editor.take_over(read.entries, how);
    if (!outcome) return context.refuse(outcome.error());
    if (!outcome->faults.empty()) return tell(context, outcome->faults);
    const auto& all = read.entries;
    context.answer({{"imported", !options.dry_run},
                    {"domains", all.domains.size()},
                    {"domain_aliases", all.domain_aliases.size()},
                    {"users", all.users.size()},
                    {"aliases", all.aliases.size()}},
                   fmt::format("{}: {} domains, {} domain aliases, {} users, {} aliases\n",
                               options.dry_run ? "would import" : "imported", all.domains.size(),
                               all.domain_aliases.size(), all.users.size(), all.aliases.size()));
  });
}

void recover(Context& context) {
  const auto settings = context.settings();
  if (!settings) return;
  const auto done =
      directory::recover(fmt::format("{}/{}", settings->paths.data, directory::kDatabaseName));
  if (!done) return context.refuse(done.error());
  context.answer({{"recovered", *done}},
                 *done ? "the change that was cut off is taken back\n" : "no change was cut off\n");
}

}  // namespace

void add_directory_file_commands(Command app, Context& context) {
  const Command group = app.add_subcommand("directory", "All domains, users and aliases as a file");
  group.require_subcommand();
  const auto options = std::make_shared<FileOptions>();
  const Command write = group.add_subcommand("export", "Write all there is");
  write.add_option("file", options->file, "A new file, for its owner alone; without it, to stdout");
  const auto add_format = [&](Command command) {
    command.add_option("--format", options->format, "Else by the file's name: csv, or json")
        .one_of({"json", "csv"});
  };
  add_format(write);
  write.callback([&context, options] { export_all(context, *options); });
  const Command read = group.add_subcommand("import", "Take over a file: all of it, or nothing");
  read.add_option("file", options->file).required();
  add_format(read);
  read.add_flag("--dry-run", options->dry_run, "Look for errors, and change nothing");
  read.callback([&context, options] { import_all(context, *options); });
  group.add_subcommand("recover", "Take back a change that was cut off").callback([&context] {
    recover(context);
  });
}

}  // namespace postrider::ctl

// mailbox_export_command.cc - postrider mailbox export: a mailbox for other programs, as an mbox or
// a Maildir.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/boot_id.h"
#include "common/base/fd.h"
#include "common/maildir/deletion_journal.h"
#include "common/maildir/export.h"
#include "common/maildir/held_mailbox.h"
#include "common/maildir/look.h"
#include "common/maildir/rename_new.h"
#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/mailbox_commands.h"
#include "ctl/mailbox_name.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using maildir::ExportReport;
using maildir::HeldMailbox;
using maildir::Listing;

struct ExportOptions {
  std::string address;
  std::string path;
  std::string format;
};

// A folder for the Maildir, which may be there from an earlier command.
Result<ExportReport> to_maildir(const HeldMailbox& from, const Listing& listing,
                                const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(path, errno);
  const Fd to(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!to) return fail_errno(path, errno);
  return maildir::export_maildir(from, listing, to.get());
}

// Under another name until it is whole, so that nobody takes half of it for all.
Result<ExportReport> to_file(const HeldMailbox& from, const Listing& listing,
                             const std::string& path) {
  const std::string part = path + ".part";
  const Fd file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno(part, errno);
  auto report = maildir::export_mbox(from, listing, file.get());
  if (!report) {
    ::unlink(part.c_str());
    return report;
  }
  if (const int error = maildir::rename_new(AT_FDCWD, part, AT_FDCWD, path); error != 0) {
    ::unlink(part.c_str());
    return fail_errno(path, error);
  }
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const Fd folder(
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return fail_errno(parent, errno);
  return report;
}

Result<ExportReport> to_mbox(const HeldMailbox& from, const Listing& listing,
                             const std::string& path) {
  if (path == "-") return maildir::export_mbox(from, listing, STDOUT_FILENO);
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0)
    return fail(ErrorKind::invalid,
                fmt::format("{}: is there already, and is left as it is; name another file, or "
                            "remove it",
                            path));
  return to_file(from, listing, path);
}

std::string as_text(const std::string& mailbox, const ExportReport& report,
                    std::uint64_t not_served) {
  std::string text = fmt::format("{}: {} exported, {}", printable(mailbox), report.exported,
                                 short_size(report.octets));
  if (report.already > 0) text += fmt::format(", {} already there", report.already);
  text += '\n';
  if (not_served > 0)
    text += fmt::format(
        "{} files are not served and were left out; see `postrider mailbox check`\n", not_served);
  for (const std::string& problem : report.told) text += printable(problem) + '\n';
  if (report.problems > report.told.size())
    text += fmt::format("and {} more\n", report.problems - report.told.size());
  return text;
}

void run(Context& context, const ExportOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  const auto mailbox = mailbox_named(context, *settings, options.address);
  if (!mailbox) return;
  const auto held = maildir::hold_mailbox(settings->paths.mail, *mailbox);
  if (!held) return context.refuse(held.error());
  const auto look = maildir::look(held->directory.get(), boot_id());
  if (!look)
    return context.refuse(
        Error{look.error().kind, fmt::format("{}/{}", held->path, look.error().text)});
  const auto report = options.format == "mbox" ? to_mbox(*held, look->listing, options.path)
                                               : to_maildir(*held, look->listing, options.path);
  if (!report) return context.refuse(report.error());
  const bool is_whole = report->problems + look->not_served == 0;
  if (!is_whole) context.status = ExitStatus::refused;
  if (options.path == "-" && options.format == "mbox") {  // standard output is the mbox
    if (!is_whole)
      context.refuse(ExitStatus::refused, as_text(*mailbox, *report, look->not_served));
    return;
  }
  context.answer({{"mailbox", *mailbox},
                  {"exported", report->exported},
                  {"already", report->already},
                  {"octets", report->octets},
                  {"not_served", look->not_served},
                  {"problems", report->problems},
                  {"told", report->told}},
                 as_text(*mailbox, *report, look->not_served));
}

}  // namespace

void add_mailbox_export_command(Command mailbox, Context& context) {
  const auto options = std::make_shared<ExportOptions>();
  const Command command = mailbox.add_subcommand("export", "Write a mailbox for other programs");
  command.add_option("address", options->address, "NAME@DOMAIN").required();
  command.add_option("path", options->path, "A file for an mbox, - is standard output; or a folder")
      .required();
  command.add_option("--format", options->format, "mbox or maildir")
      .required()
      .one_of({"maildir", "mbox"});
  command.callback([&context, options] { run(context, *options); });
}

}  // namespace postrider::ctl

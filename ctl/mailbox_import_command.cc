// mailbox_import_command.cc - postrider mailbox import: mail of another server into a mailbox, from
// a Maildir, with the unique-ids that its readers know, or from an mbox.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/fd.h"
#include "common/maildir/held_mailbox.h"
#include "common/maildir/import.h"
#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/mailbox_commands.h"
#include "ctl/mailbox_name.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;

struct ImportOptions {
  std::string address;
  std::string path;
  std::string format = "maildir";
  std::string from;  // "dovecot", "courier", or empty
  std::string list;  // the list of unique-ids, where it is not in the Maildir
  std::string uidl_format{maildir::UidlFormat::kDefault};
};

Result<std::string> read_list(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return fail_errno(path, errno);
  if (!S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) > maildir::ForeignList::kMaxSize)
    return fail(ErrorKind::invalid, fmt::format("{}: is too large for a list, or no file", path));
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::read(file.get(), text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(path, errno);
    if (n == 0) text.resize(done);
    done += static_cast<std::size_t>(n);
  }
  return text;
}

// Nothing: none was asked for.
Result<std::optional<maildir::ForeignList>> list_of(const ImportOptions& options) {
  if (options.from.empty()) return std::optional<maildir::ForeignList>();
  const bool dovecot = options.from == "dovecot";
  const auto format = maildir::UidlFormat::parse(options.uidl_format);
  if (!format) return pass_on(format.error());
  const std::string path = !options.list.empty()
                               ? options.list
                               : fmt::format("{}/{}", options.path,
                                             dovecot ? "dovecot-uidlist" : "courierpop3dsizelist");
  const auto text = read_list(path);
  if (!text)
    return fail(text.error().kind,
                fmt::format("{}; without it no unique-id is known: say by --list where it is, or "
                            "leave --from out to have all mail fetched again",
                            text.error().text));
  auto list =
      dovecot ? maildir::read_dovecot_list(*text, *format) : maildir::read_courier_list(*text);
  if (!list)
    return fail(list.error().kind,
                fmt::format("{}: {}; nothing was imported: log in to the other server once, which "
                            "writes the list anew, or mend the line",
                            path, list.error().text));
  return std::optional(std::move(*list));
}

std::string as_text(const std::string& mailbox, const maildir::ImportReport& report, bool listed) {
  std::string text = fmt::format("{}: {} imported, {} already there", printable(mailbox),
                                 report.imported, report.already + report.renamed);
  if (report.deleted > 0)
    text += fmt::format(", {} left out as their reader has deleted them here", report.deleted);
  text += '\n';
  if (listed) {
    text += fmt::format("{} have the unique-ids of the other server", report.with_id);
    if (report.unlisted > 0)
      text +=
          fmt::format("; {} are not in its list, as nobody has seen them there", report.unlisted);
    text += '\n';
  }
  for (const std::string& problem : report.told) text += printable(problem) + '\n';
  if (report.problems > report.told.size())
    text += fmt::format("and {} more\n", report.problems - report.told.size());
  return text;
}

json as_json(const std::string& mailbox, const maildir::ImportReport& report) {
  json document = {{"mailbox", mailbox},          {"imported", report.imported},
                   {"renamed", report.renamed},   {"already", report.already},
                   {"deleted", report.deleted},   {"with_unique_id", report.with_id},
                   {"unlisted", report.unlisted}, {"problems", report.problems}};
  document["told"] = report.told;
  return document;
}

// What is imported from: a Maildir, or an mbox, which may be standard input.
Result<Fd> open_source(const ImportOptions& options) {
  const std::string& path = options.path;
  if (options.format == "mbox") {
    Fd file(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                        : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) return fail_errno(path, errno);
    if (S_ISDIR(status.st_mode))
      return fail(ErrorKind::invalid,
                  fmt::format("{}: is a folder, and no mbox; say --format maildir", path));
    return file;
  }
  Fd source(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!source && errno == ENOTDIR)
    return fail(ErrorKind::invalid,
                fmt::format("{}: is a file, and no Maildir; say --format mbox", path));
  if (!source) return fail_errno(path, errno);
  for (const char* folder : {"new", "cur"})
    if (::faccessat(source.get(), folder, R_OK | X_OK, 0) != 0)
      return fail(ErrorKind::invalid, fmt::format("{}: is no Maildir that can be read: {}", path,
                                                  fail_errno(folder, errno).value().text));
  return source;
}

Result<maildir::ImportReport> import(const std::string& mail_directory, const std::string& mailbox,
                                     const ImportOptions& options,
                                     const maildir::ForeignList* list) {
  const auto source = open_source(options);
  if (!source) return pass_on(source.error());
  const auto held = maildir::make_and_hold_mailbox(mail_directory, mailbox);
  if (!held) return pass_on(held.error());
  auto import = maildir::Import::begin(*held);
  if (!import) return pass_on(std::move(import.error()));
  const auto taken = options.format == "mbox" ? import->take_mbox(source->get())
                                              : import->take_maildir(source->get(), list);
  auto report = import->finish();
  if (!taken)
    return fail(taken.error().kind, fmt::format("{}: {}", options.path, taken.error().text));
  return report;
}

void run(Context& context, const ImportOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  if (options.format == "mbox" && !options.from.empty())
    return context.refuse(ExitStatus::usage, "--from is for a Maildir: an mbox has no unique-ids");
  const auto list = list_of(options);
  if (!list) return context.refuse(list.error());
  const auto mailbox = mailbox_named(context, *settings, options.address);
  if (!mailbox) return;
  const auto report = import(settings->paths.mail, *mailbox, options, *list ? &**list : nullptr);
  if (!report)
    return context.refuse(
        Error{report.error().kind,
              fmt::format("{}; what was imported stays, and the same command goes on",
                          report.error().text)});
  if (report->problems > 0) context.status = ExitStatus::refused;
  context.answer(as_json(*mailbox, *report), as_text(*mailbox, *report, list->has_value()));
}

}  // namespace

void add_mailbox_import_command(Command mailbox, Context& context) {
  const auto options = std::make_shared<ImportOptions>();
  const Command command =
      mailbox.add_subcommand("import", "Bring mail of another server into a mailbox");
  command.add_option("address", options->address, "NAME@DOMAIN").required();
  command
      .add_option("path", options->path,
                  "A Maildir; that of the mailbox itself, to name it anew; or an mbox, - is "
                  "standard input")
      .required();
  command.add_option("--format", options->format, "maildir (the default) or mbox")
      .one_of({"maildir", "mbox"});
  const Option from =
      command.add_option("--from", options->from, "Whose unique-ids it keeps: dovecot, courier")
          .one_of({"dovecot", "courier"});
  command.add_option("--list", options->list, "The list of unique-ids, if it is elsewhere")
      .needs(from);
  command.add_option("--uidl-format", options->uidl_format, "Dovecot's setting pop3_uidl_format")
      .with_default()
      .needs(from);
  command.callback([&context, options] { run(context, *options); });
}

}  // namespace postrider::ctl

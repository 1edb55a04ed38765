// directory_examination.cc - whether the daemons can read the directory of users, and anybody gets
// mail by it.
#include <fmt/format.h>

#include "common/directory/editor.h"
#include "common/directory/recovery.h"
#include "common/directory/schema.h"
#include "ctl/doctor/examinations.h"

namespace postrider::ctl {

namespace {

Result<std::size_t> count_domains(const std::string& path) {
  auto editor = directory::DirectoryEditor::open(path, sqlite::Access::read);
  if (!editor) return pass_on(std::move(editor.error()));
  const auto domains = editor->domains();
  if (!domains) return pass_on(domains.error());
  return domains->size();
}

}  // namespace

Findings examine_directory(const Patient& patient) {
  Findings findings("directory");
  const std::string path =
      fmt::format("{}/{}", patient.settings.paths.data, directory::kDatabaseName);
  const auto cut_off = directory::is_cut_off(path);
  if (cut_off && *cut_off) {
    findings.wrong(fmt::format("{}: a change was cut off in its middle: until it is taken back "
                               "nobody can log in, and mail is told to try again.",
                               path),
                   "postrider directory recover");
    return findings;
  }
  const auto domains = count_domains(path);
  if (!domains) {
    findings.wrong(
        fmt::format("The directory of users cannot be read: {}.", domains.error().text),
        "Where it is not there yet, `postrider setup ADDRESS` makes it; where it is damaged, put "
        "that of a backup in its place (postrider-recipes(7)).");
  } else if (*domains == 0) {
    findings.warn("No domain gets mail here.", "postrider domain add example.com");
  } else {
    findings.ok(fmt::format("{} can be read, and has {} domains.", path, *domains));
  }
  return findings;
}

}  // namespace postrider::ctl

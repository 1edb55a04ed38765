#include "ctl/backup/backup.h"

#include <filesystem>

#include <fmt/format.h>

#include "ctl/backup/copy.h"
#include "ctl/backup/file_list.h"
#include "ctl/backup/interruption.h"

namespace postrider::ctl::backup {

namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> no_backup(const std::string& directory) {
  std::error_code ignored;
  if (fs::exists(directory + ".partial", ignored))
    return fail(ErrorKind::not_found,
                fmt::format("{0}: there is no backup; {0}.partial was not finished, and is removed "
                            "by the next backup to {0}",
                            directory));
  return fail(ErrorKind::not_found,
              fmt::format("{}: there is no backup: no {} in it", directory, kManifestName));
}

// What is wrong with the file, or nothing.
std::string fault_of(const Entry& entry, const Result<Octets>& found) {
  if (!found) return found.error().text;
  if (found->size != entry.size)
    return fmt::format("{}: has {} octets and should have {}", entry.path, found->size, entry.size);
  if (found->checksum != entry.checksum)
    return fmt::format("{}: does not match its checksum", entry.path);
  return {};
}

}  // namespace

Result<Backup> open_backup(const std::string& directory) {
  Backup backup{.directory = (fs::path(directory) / "").parent_path().string()};
  const std::string name = backup.at(kManifestName);
  const auto text = read_small(name, kMaxManifest);
  if (!text && text.error().kind == ErrorKind::not_found) return no_backup(backup.directory);
  if (!text) return pass_on(text.error());
  auto manifest = parse_manifest(*text);
  if (!manifest)
    return fail(manifest.error().kind, fmt::format("{}: {}", name, manifest.error().text));
  const auto list = sum_octets(backup.at(kListName));
  if (!list) return pass_on(list.error());
  if (*list != Octets{manifest->list_size, manifest->list_checksum})
    return fail(ErrorKind::corrupt,
                fmt::format("{}: does not match its checksum in {}; use another backup",
                            backup.at(kListName), kManifestName));
  backup.manifest = std::move(*manifest);
  return backup;
}

Result<Remarks> damage_of(const Backup& backup, Progress& progress) {
  progress.begin("checking the backup");
  auto list = FileListReader::open(backup.at(kListName));
  if (!list) return pass_on(std::move(list.error()));
  Remarks damage;
  while (true) {
    const auto entry = list->next();
    if (!entry) return pass_on(entry.error());
    if (!*entry) return damage;
    if ((*entry)->kind != EntryKind::file) continue;
    const auto found = sum_octets(backup.at((*entry)->path));
    // What was not read to its end is no damage.
    if (auto none = Interruption::none(); !none) return pass_on(std::move(none.error()));
    if (std::string fault = fault_of(**entry, found); !fault.empty()) damage.add(std::move(fault));
    progress.add((*entry)->size);
  }
}

}  // namespace postrider::ctl::backup

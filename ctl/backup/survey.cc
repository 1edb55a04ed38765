#include "ctl/backup/survey.h"

#include <xxhash.h>

#include <fmt/format.h>

#include "common/config/load.h"
#include "ctl/backup/file_list.h"

namespace postrider::ctl::backup {

namespace {

// Of a backup that root has made: as many as the host has users of the suite.
constexpr std::size_t kMaxOwners = 10'000;

}  // namespace

Result<Survey> survey(const Backup& backup) {
  auto list = FileListReader::open(backup.at(kListName));
  if (!list) return pass_on(std::move(list.error()));
  Survey survey;
  while (true) {
    auto entry = list->next();
    if (!entry) return pass_on(std::move(entry.error()));
    if (!*entry) break;
    if (survey.owners.size() + survey.groups.size() < kMaxOwners) {
      survey.owners.insert((*entry)->owner);
      survey.groups.insert((*entry)->group);
    }
    if ((*entry)->kind != EntryKind::file) continue;
    if ((*entry)->path == kConfigPath) {
      survey.configuration = std::move(**entry);
    } else if ((*entry)->path.starts_with("named/")) {
      survey.named.push_back(std::move(**entry));
    }
  }
  if (survey.configuration.path.empty())
    return fail(ErrorKind::corrupt,
                fmt::format("{}: has no {}", backup.at(kListName), kConfigPath));
  return survey;
}

Result<std::string> configuration_of(const Backup& backup, const Survey& survey) {
  const std::string name = backup.at(kConfigPath);
  auto text = read_small(name, config::kMaxFile);
  if (text && XXH3_64bits(text->data(), text->size()) != survey.configuration.checksum)
    return fail(ErrorKind::corrupt, fmt::format("{}: does not match its checksum", name));
  return text;
}

}  // namespace postrider::ctl::backup

// backup.h - a backup that was made, and whether it is as it was made.
#pragma once

#include <string>

#include "common/base/result.h"
#include "ctl/backup/draft.h"
#include "ctl/backup/manifest.h"
#include "ctl/backup/progress.h"

namespace postrider::ctl::backup {

struct Backup {
  std::string directory;
  Manifest manifest;  // what it says of the list was found to be so

  std::string at(const std::string& path) const { return directory + '/' + path; }
};

// Reads the manifest and sums the list. not_found: there is no backup; corrupt: it is damaged;
// invalid: a newer release made it.
Result<Backup> open_backup(const std::string& directory);

// Reads every file, and gives those that are not what the list says. An Error: the list cannot be
// read, or (temporary) a signal ended it.
Result<Remarks> damage_of(const Backup& backup, Progress& progress);

}  // namespace postrider::ctl::backup

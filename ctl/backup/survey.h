// survey.h - what a restore has to know of a backup before it touches anything, from one reading of
// its list.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "ctl/backup/backup.h"
#include "ctl/backup/entry.h"

namespace postrider::ctl::backup {

struct Survey {
  std::set<std::string> owners, groups;
  Entry configuration;       // kConfigPath
  std::vector<Entry> named;  // the files that it names
};

// corrupt: the list lacks what every backup has.
Result<Survey> survey(const Backup& backup);

// The configuration in the backup; corrupt where it is not as it was made.
Result<std::string> configuration_of(const Backup& backup, const Survey& survey);

}  // namespace postrider::ctl::backup

// obstacles.h - what speaks against a restore at the place that is meant, found before anything is
// changed: an instance that runs, files in the way, users that this host does not have.
#pragma once

#include <string>
#include <vector>

#include "common/base/fd.h"
#include "common/config/settings.h"
#include "ctl/backup/backup.h"
#include "ctl/backup/places.h"
#include "ctl/backup/survey.h"

namespace postrider::ctl::backup {

// Refuses (invalid) where a process of the suite has the instance of `settings`. With what is given
// `postrider run` and queued do not begin, as far as their files are there.
Result<std::vector<Fd>> require_at_rest(const config::Settings& settings);

// Refuses (invalid) where a file is in a folder that the backup fills, or one that the
// configuration names is there with other content; says how to move it aside.
Result<void> require_room(const Backup& backup, const config::Settings& settings,
                          const Survey& survey, const Places& places);

// Refuses (invalid) where this host lacks a user or group of the backup; only root gives files
// away, so that for others there is nothing to ask.
Result<void> require_owners(const Survey& survey);

}  // namespace postrider::ctl::backup

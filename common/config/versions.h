// versions.h - the versions of the configuration file, each of which is read for ever.
//
// A file says `version = N` at its top; without it, it is of version 1. One of an older version is
// brought up to date in memory, step by step, before it is looked at: what is on disk stays as its
// owner wrote it. A version is a new one only where the old words would otherwise be refused or
// mean something else; a parameter that is added needs none. The file of each version is kept in
// tests/unit/config/released, with what it meant.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/config/assign.h"
#include "common/config/document.h"

namespace postrider::config {

inline constexpr std::string_view kVersionKey = "version";
// What `postrider init` writes, and the newest that this release reads.
inline constexpr std::int64_t kVersion = 1;

// A parameter that was called otherwise: "smtpd.workers".
struct Renamed {
  std::string_view from, to;
};
// What a parameter was that the file does not name, as TOML: it stays so for that file.
struct FormerDefault {
  std::string_view name, value;
};
// From one version to the next: the names first, the defaults under their new names.
struct Migration {
  std::span<const Renamed> renamed;
  std::span<const FormerDefault> former_defaults;
};

// The first leads from version 1 to 2; there are kVersion - 1.
std::span<const Migration> migrations() noexcept;

// Takes `version` out of the document. What cannot be read as one of 1..newest is complained of,
// and the answer is 0: nothing more is to be said of that file.
std::int64_t take_version(Value::Table& document, std::int64_t newest,
                          std::vector<Complaint>& complaints);

// Brings a document of version `version` up to the one that the last of `steps` leads to. What is
// renamed keeps its line. A name that stands there both ways stays twice, to be complained of.
void migrate(Value::Table& document, std::int64_t version, std::span<const Migration> steps);

}  // namespace postrider::config

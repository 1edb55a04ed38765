// entries_json.h - the directory as a JSON document: {"postrider_directory": 1, "scram": {…},
// "domains": […], "domain_aliases": […], "users": […], "aliases": […]}.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/clock.h"
#include "common/directory/entries.h"

namespace postrider::ctl {

// What is read of a file at most: octets, values within values, and entries in all.
inline constexpr std::size_t kMaxImport = 64U << 20U;
inline constexpr int kMaxImportDepth = 8;
inline constexpr std::size_t kMaxImportEntries = 1'000'000;
// No time is before it: 0 seconds are none.
inline constexpr WallTime kFirstTime{std::chrono::seconds(1)};

// What read_entries() reads back.
nlohmann::json to_json(const directory::Entries& entries);

// The entries, and what is wrong in the document; where something is, the entries are not whole.
// At most kMaxFaults are told. Of the values themselves, as whether a domain is one, it asks
// nothing: the import does.
struct ReadEntries {
  directory::Entries entries;
  std::vector<directory::Fault> faults;
};
ReadEntries read_entries(std::string_view text);

}  // namespace postrider::ctl

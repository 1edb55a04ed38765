// manifest.h - what a backup says of itself: MANIFEST.json, its last file. No I/O.
//
// With it a backup is whole. It vouches for the list of all others (FILES.jsonl, entry.h), and the
// list for each of them; its own checksum is over the document without that member. These
// checksums find damage; they are no defence against who changes a backup on purpose.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::ctl::backup {

inline constexpr const char* kManifestName = "MANIFEST.json";
inline constexpr const char* kListName = "FILES.jsonl";
// The configuration as it was, and where the files that it names are, by the parameter's name.
inline constexpr const char* kConfigPath = "config/postrider.toml";

// Of the format that is described here and in entry.h. One of a newer version is left alone.
inline constexpr std::uint64_t kFormat = 1;
inline constexpr std::size_t kMaxManifest = 16384;

struct Manifest {
  std::string program;   // its version
  std::string hostname;  // of the configuration
  std::int64_t begun_us = 0, ended_us = 0;
  bool mailboxes = true;  // they are in it
  std::uint64_t files = 0, folders = 0, octets = 0;
  std::uint64_t list_size = 0, list_checksum = 0;

  bool operator==(const Manifest&) const = default;
};

std::string to_text(const Manifest& manifest);
// The error is invalid for one of a newer format, else corrupt.
Result<Manifest> parse_manifest(std::string_view text);

}  // namespace postrider::ctl::backup

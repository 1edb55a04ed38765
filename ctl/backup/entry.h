// entry.h - one file or folder of a backup, as a line of its list (FILES.jsonl). No I/O.
//
//   {"path": …, "type": "file", "size": …, "mode": "0600", "owner": …, "group": …, "modified_us":
//   …,
//    "xxh3": "…"}
//
// A folder has neither size nor xxh3 (XXH3-64 of the octets, 16 hexadecimal digits). In a path '%'
// and what is not visible ASCII are "%" and two hexadecimal digits, as names of files are octets
// and a line of JSON is text. Owner and group are names, or a number where the host had no name
// for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::ctl::backup {

// A path of PATH_MAX octets, each of which may be written as three, and the rest of the line.
inline constexpr std::size_t kMaxPath = 4096;
inline constexpr std::size_t kMaxLine = 3 * kMaxPath + 4096;
// Of the names of users and groups: LOGIN_NAME_MAX.
inline constexpr std::size_t kMaxOwner = 256;
// Of the mode that is kept.
inline constexpr std::uint32_t kModeBits = 07777;

enum class EntryKind : std::uint8_t { file, folder };

struct Entry {
  EntryKind kind = EntryKind::file;
  std::string path;  // below the backup, as is_sound_path() takes it
  std::uint64_t size = 0;
  std::uint32_t mode = 0;  // of chmod(2)
  std::string owner, group;
  std::int64_t modified_us = 0;
  std::uint64_t checksum = 0;

  bool operator==(const Entry&) const = default;
};

// Whether `path` stays below the folder it starts from: not absolute, no NUL, no empty part, no "."
// or "..", at most kMaxPath octets.
bool is_sound_path(std::string_view path) noexcept;

// Ends in LF.
std::string to_line(const Entry& entry);
// `line` is without its LF. The error is corrupt.
Result<Entry> parse_entry(std::string_view line);

// Sixteen digits, as checksums stand in documents; nothing where `text` is something else.
std::string to_hex(std::uint64_t number);
Result<std::uint64_t> from_hex(std::string_view text);

}  // namespace postrider::ctl::backup

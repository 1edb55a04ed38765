// file_name.h - the folder of the trace, and what the files in it are called.
//
//   <data>/trace/               each daemon adds its own files, the collector takes them
//   <data>/trace/smtpd.0.1795293498000005
//                               lines of smtpd's worker 0, the first of that time (us)
//   <data>/trace.db             the index, which is the collector's alone
//
// Where the daemons are users of their own, the folder is the collector's, mode 1770, of a group
// that all are in: each may add files, remove its own, and see the names of the others'. A file is
// 0640, of its daemon's own group, in which the collector is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace postrider::trace {

std::string folder_of(std::string_view data_directory);
std::string index_path(std::string_view data_directory);
// Where the index is in an installed suite, and index_path() a link to it (etc/tmpfiles.d).
std::string index_folder_of(std::string_view data_directory);

// "smtpd.0.1795293498000005"
struct FileName {
  std::string process;  // of [a-z-]: "deliverd-remote"
  unsigned worker = 0;
  std::int64_t began_us = 0;

  std::string str() const;
  WallTime began() const noexcept { return WallTime(std::chrono::microseconds(began_us)); }
};
// Nothing where it is the name of another file.
std::optional<FileName> parse_file_name(std::string_view name);

// How far each file was taken into the index, by its name.
using Taken = std::map<std::string, std::uint64_t, std::less<>>;

// The names of lines' files in `folder`, those that were begun first come first. A folder that is
// not there has none.
Result<std::vector<FileName>> list_files(const std::string& folder);

}  // namespace postrider::trace

// copy.h - octets from one file to another, with their checksum on the way.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "common/base/fd.h"
#include "common/base/result.h"

namespace postrider::ctl::backup {

struct Octets {
  std::uint64_t size = 0;
  std::uint64_t checksum = 0;  // XXH3-64

  bool operator==(const Octets&) const = default;
};

inline constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

// A file and its name, for errors.
struct NamedFd {
  int fd;
  const std::string& name;
};

// From the beginning of `from` to where `to` stands, at most `most` octets.
Result<Octets> copy_octets(NamedFd from, NamedFd to, std::uint64_t most = kAll);
// The same without a copy.
Result<Octets> sum_octets(NamedFd from);
Result<Octets> sum_octets(const std::string& path);

// An existing regular file, never by a symbolic link at its end, to be read; it does not wait for a
// FIFO.
Result<Fd> open_to_read(const std::string& path);
// A new file, for its owner alone.
Result<Fd> make_file(const std::string& path);
// The same in an open folder; `path` ends with its name there.
Result<Fd> make_file_in(int folder, const std::string& path);
// All of a small file; invalid for one of more than `most` octets.
Result<std::string> read_small(const std::string& path, std::size_t most);
// Something has that name, be it a symbolic link.
bool is_there(const std::string& path) noexcept;

}  // namespace postrider::ctl::backup

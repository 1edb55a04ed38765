// heading.h - what tells a person which message a file is: who it is from, its subject and date.
//
// Read from the header with a budget, as it stands there: encoded-words stay, and nothing is
// trusted. Whoever shows it to people escapes it. Blocks.
#pragma once

#include <cstddef>
#include <string>

#include "common/base/result.h"

namespace postrider::maildir {

struct Heading {
  // Octets of the file that are read; what follows is not looked at.
  static constexpr std::size_t kMaxRead = 65536;
  // Octets that are kept of each field.
  static constexpr std::size_t kMaxField = 200;

  // The first field of each name (RFC 5322 section 3.6); empty: there is none.
  std::string from, subject, date;
};

// Of the file `path` below the directory `at`. Follows no symbolic link.
Result<Heading> read_heading(int at, const std::string& path);

}  // namespace postrider::maildir

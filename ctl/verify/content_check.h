// content_check.h - whether a file holds the content that its record or row speaks of.
#pragma once

#include <cstdint>
#include <string>

#include "common/spool/disk.h"

namespace postrider::ctl {

// Reads all of the file. not_found: there is none; corrupt: length or checksum (XXH3-64) differ;
// temporary: it cannot be read.
Result<void> check_content(spool::Disk& disk, const std::string& path, std::uint64_t length,
                           std::uint64_t checksum);

}  // namespace postrider::ctl

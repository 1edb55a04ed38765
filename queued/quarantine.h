// quarantine.h - keeps what failed its checksum for people, under spool/quarantine/. Nothing reads
// it.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/result.h"
#include "common/spool/disk.h"
#include "common/spool/paths.h"

namespace postrider::queued {

class Quarantine {
 public:
  // Both outlive it.
  Quarantine(spool::Disk& disk, const spool::Paths& paths) : disk_(disk), paths_(paths) {}

  // Each keeps something as `name`, durably, in the place of what had that name before.
  Result<void> copy(const std::string& name, int fd, std::uint64_t offset, std::uint64_t length);
  Result<void> link(const std::string& name, const std::string& from);
  Result<void> move(const std::string& name, const std::string& from);

  std::string path(const std::string& name) const { return paths_.quarantine() + '/' + name; }

 private:
  // Makes the folder, and the name free.
  Result<void> prepare(const std::string& name);

  spool::Disk& disk_;
  const spool::Paths& paths_;
};

}  // namespace postrider::queued

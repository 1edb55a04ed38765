// done_file.h - what is finished of a segment, so that a restart does not deliver it again.
//
// Entries are appended as work ends and survive a killed process at once; against a power cut they
// are synced only where forgetting one would do harm. A damaged entry counts as not there: its
// record is attempted again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "common/spool/record.h"

namespace postrider::spool {

class DoneFile {
 public:
  struct Loaded {
    std::vector<DoneEntry> entries;
    std::uint64_t damaged = 0;  // entries, and the header
  };

  // The entries of `segment`; none when the file does not exist. An Error of kind invalid: it is of
  // a version that is not known here, so what is finished is not known.
  static Result<Loaded> load(Disk& disk, const Paths& paths, const std::string& segment,
                             std::uint64_t salt);

  // Opens nothing before the first append().
  DoneFile(Disk& disk, const Paths& paths, const std::string& segment, std::uint64_t salt)
      : disk_(disk), directory_(paths.incoming()), path_(paths.done(segment)), salt_(salt) {}
  DoneFile(const DoneFile&) = delete;
  DoneFile& operator=(const DoneFile&) = delete;

  // One write for all entries; `synced` makes them survive a power cut as well.
  Result<void> append(const std::vector<DoneEntry>& entries, bool synced);

  // All that is in the file survives a power cut from here, also what a killed process left.
  Result<void> sync();

 private:
  // Opens the file, and cuts off a torn entry of a crash, which would shift all that follow. Gives
  // the size that is left.
  Result<std::uint64_t> open_at_entry();

  Disk& disk_;
  std::string directory_;
  std::string path_;
  std::uint64_t salt_;
  Fd fd_;
  bool name_is_durable_ = false;
};

}  // namespace postrider::spool

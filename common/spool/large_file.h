// large_file.h - the content of a large message, streamed to incoming/large/<id> as it arrives.
//
// Until keep() the file goes with the object. The checksum is computed on the way.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/handle.h"
#include "common/spool/disk.h"

namespace postrider::spool {

class LargeFile {
 public:
  static Result<std::unique_ptr<LargeFile>> create(Disk& disk, std::string path);
  ~LargeFile();
  LargeFile(const LargeFile&) = delete;
  LargeFile& operator=(const LargeFile&) = delete;

  // Writes at once, to the page cache.
  Result<void> append(std::string_view bytes);
  // The content is on the disk; its name is once the directory was synced. Blocks.
  Result<void> sync() { return disk_.sync(fd_.get()); }
  std::uint64_t checksum() const noexcept { return XXH3_64bits_digest(state_.get()); }
  void keep() noexcept { kept_ = true; }

 private:
  LargeFile(Disk& disk, std::string path, Fd fd);

  Disk& disk_;
  std::string path_;
  Fd fd_;
  Handle<XXH3_state_t, &XXH3_freeState> state_;
  bool kept_ = false;
};

}  // namespace postrider::spool

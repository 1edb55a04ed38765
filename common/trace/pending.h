// pending.h - the lines that the collector has not taken yet, so that what is told is true at once.
//
// The files are opened first, then the index is asked how far they were taken, and read after that:
// a line that is taken in between is seen twice, never missed. Blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/base/unique_function.h"
#include "common/trace/file_name.h"

namespace postrider::trace {

class Pending {
 public:
  // Of the folder, as it is now.
  static Result<Pending> open(const std::string& folder);

  // What the index has is not read. `taken` was read after open().
  void skip(const Taken& taken);

  // Each line, as often as it is called; those of one file stand in their order.
  using Take = UniqueFunction<void(std::string_view line)>;
  Result<void> read(Take take) const;

 private:
  struct File {
    std::string name;
    Fd fd;
    std::uint64_t from = 0;
  };
  std::vector<File> files_;
};

}  // namespace postrider::trace

// collector.h - takes the lines that the daemons have written into the index.
//
// A file is read from where it was left, up to its last line break; a transaction holds a block of
// it, and how far it was read. A file whose writer has ended is removed when all of it is in the
// index: what then follows its last line break is no line, a crash has torn it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/trace/file_name.h"
#include "common/trace/index.h"
#include "common/trace/retention.h"

namespace postrider::trace {

class Collector {
 public:
  // How often what is old is looked for.
  static constexpr std::chrono::minutes kForgetEvery{10};

  // Opens the index in paths.data, or makes it. The clock outlives the Collector.
  static Result<Collector> open(const config::Settings& settings, const Clock& clock);

  // Forgets what is too much, for about `most`; then takes what is there and forgets what is old,
  // for as long. True: something is left. Blocks. After an error what was not taken is taken by the
  // next call.
  Result<bool> collect(std::chrono::milliseconds most);

 private:
  Collector(std::string folder, Index index, Retention retention, const Clock& clock)
      : folder_(std::move(folder)),
        index_(std::move(index)),
        retention_(std::move(retention)),
        clock_(clock) {}

  Result<bool> take_files(WallTime until);
  Result<bool> take(const FileName& name, std::uint64_t from, WallTime until);
  Result<void> take_block(const std::string& name, std::string_view lines, std::uint64_t upto);
  Result<void> remove(const std::string& name);
  Result<void> forget_file(const std::string& name);
  // True, of both: the time is over.
  Result<bool> make_smaller(WallTime until);
  Result<bool> forget(WallTime until);

  std::string folder_;
  Index index_;
  Retention retention_;
  const Clock& clock_;
  std::optional<WallTime> forgot_at_;
};

}  // namespace postrider::trace

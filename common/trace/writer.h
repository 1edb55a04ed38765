// writer.h - the lines of one worker on their way into the trace: appended to files of its own, for
// the collector to take.
//
// Nothing is synced, and nothing waits for the collector: while that is away the oldest files of
// this daemon are given up when all together have `buffer_size`. (The others may each have a file
// more than that, as nobody removes another's.) What is lost is counted, and told by take_loss().
//
//   new.<process>.<worker>          made, not named yet: the next start makes it anew
//   <process>.<worker>.<time>       locked (flock) while its writer lives: whole lines up to its
//   end,
//                                   but for a last write that a crash or a full disk has torn
//   the same, without the lock      finished: the collector removes it when it has taken all of it
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/trace/file_name.h"

namespace postrider::trace {

class Writer {
 public:
  // Then a file is finished, and the next begins.
  static constexpr std::uint64_t kFileSize = 8U << 20U;
  static constexpr std::chrono::seconds kFileAge{60};
  // After a failure nothing is tried for so long.
  static constexpr std::chrono::seconds kRetry{10};

  struct Options {
    std::string folder;   // made where it is missing, for one user alone
    std::string process;  // as FileName has it
    unsigned worker = 0;
    std::uint64_t buffer_size = 512U << 20U;
    std::uint64_t min_free = 0;  // octets of the file system that it leaves
    std::uint64_t file_size = kFileSize;
  };
  // Lines that are not in the trace.
  struct Loss {
    std::uint64_t octets = 0;
    WallTime since;
    std::string reason;
  };

  // The clock outlives the Writer. Opens nothing yet.
  Writer(Options options, const Clock& clock);

  // Whole lines, each with its line break.
  void append(std::string_view lines);

  bool has_loss() const noexcept { return loss_.octets > 0; }
  // All since it was asked last.
  Loss take_loss() { return std::exchange(loss_, {}); }

 private:
  Result<void> open(WallTime now);
  Result<void> make_room();
  void lose(std::uint64_t octets, WallTime since, std::string reason);
  std::string path_of(std::string_view name) const;

  const Options options_;
  const Clock& clock_;
  Fd file_;
  std::uint64_t size_ = 0;
  WallTime began_;
  std::optional<WallTime> failed_at_;
  Loss loss_;
};

}  // namespace postrider::trace

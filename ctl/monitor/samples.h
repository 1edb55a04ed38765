// samples.h - what the suite did in the last hour: a sample every ten seconds, in a file of the run
// directory, so that commands know rates as well and a restart forgets nothing.
//
//   file = kSamples rows; row = time in microseconds | a value for each series | XXH3-64 of these
//   A sample's row is its time divided by kSampleInterval, modulo kSamples: it replaces that of an
//   hour ago. A row that is torn or of another version has another checksum, and is none.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/ipc/messages.pb.h"
#include "common/metrics/reading.h"

namespace postrider::ctl {

inline constexpr std::chrono::seconds kSampleInterval{10};
inline constexpr std::size_t kSamples = 360;

// What is sampled: first what only grows, then how much there is of something.
enum class Series : std::uint8_t {
  accepted,   // messages
  refused,    // messages and recipients
  delivered,  // recipients
  failed,     // recipients, for good
  deferred,   // messages that their first attempt did not finish
  connections,
  logins,
  retrieved,
  commit_failures,
  tls_failures,
  wrong_passwords,
  storage_failures,
  queue_active,
  queue_deferred,
  queue_held,
  count_,
};
inline constexpr auto kSeries = static_cast<std::size_t>(Series::count_);
inline constexpr Series kFirstLevel = Series::queue_active;

struct Sample {
  WallTime time;
  std::array<std::uint64_t, kSeries> values{};

  std::uint64_t operator[](Series series) const noexcept {
    return values[static_cast<std::size_t>(series)];
  }
};

// `queue`: null where queued did not tell.
Sample take_sample(WallTime now, const metrics::Reading& reading, const ipc::QueueStatus* queue);

class SampleFile {
 public:
  static std::string path(const std::string& run_directory);
  // To write; it is made if it is not there.
  static Result<SampleFile> open(const std::string& path);

  Result<void> write(const Sample& sample) const;

 private:
  SampleFile(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  Fd fd_;
};

// Oldest first.
using Samples = std::vector<Sample>;
// Those of the hour before `now`; none where there is no file.
Samples read_samples(const std::string& path, WallTime now);

// How much a series grew in the last `span` before `last`, in a second; nothing where no sample is
// old enough, or counting began anew meanwhile.
std::optional<double> rate(const Samples& samples, const Sample& last, Series series,
                           std::chrono::seconds span);
// And how much in all, as far as the samples tell.
std::uint64_t growth(const Samples& samples, const Sample& last, Series series,
                     std::chrono::seconds span);

}  // namespace postrider::ctl

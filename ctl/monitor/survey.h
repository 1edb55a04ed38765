// survey.h - how the suite is at one moment: what the workers count, what queued says, what the
// disk has left.
//
// What it asks of queued it keeps for a while, so that a page that many look at costs queued no
// more than one. It only looks. Blocks; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/ipc/messages.pb.h"
#include "common/metrics/reading.h"
#include "common/quota/rooms.h"
#include "ctl/monitor/samples.h"

namespace postrider::ctl {

// Each depth asks queued what that before asks, and more.
enum class Depth : std::uint8_t {
  counts,  // how much there is in each state
  ages,    // how old it is, and who was given up lately
  whole,   // for which destinations it is, and why it waits
};

struct QueuePicture {
  WallTime asked;
  Depth depth = Depth::counts;
  std::string failure;     // not empty: why queued could not be asked; then nothing below is set
  bool is_silent = false;  // it took the connection, and let the patience pass
  ipc::QueueStatus status;
  std::vector<ipc::Pause> pauses;
  std::vector<ipc::AgeCount> ages;
  std::vector<ipc::Failure> failures;  // newest first
  std::vector<ipc::SummaryRow> waiting;
  std::vector<ipc::Outage> outages;
};

// What a process takes of the host; nothing where that may not be read.
struct ProcessUse {
  std::uint64_t resident = 0;  // octets
  double cpu_seconds = 0;      // since it was started
};

struct DiskSpace {
  std::uint64_t free = 0;  // octets, for those who are not root
  std::uint64_t size = 0;
};

struct Survey {
  WallTime time;
  metrics::Reading reading;
  std::vector<std::optional<ProcessUse>> uses;  // of reading.lives
  QueuePicture queue;
  std::optional<DiskSpace> spool;
  Result<std::vector<quota::Room>> nearly_full;  // where the depth is whole
  Sample sample;

  bool queued_answers() const noexcept { return queue.failure.empty(); }
};

class Surveyor {
 public:
  // How long an answer of queued is good for others.
  static constexpr std::chrono::seconds kKept{5};
  // Where who waits is a program that asks again, or a person who looks at a page.
  static constexpr std::chrono::seconds kPatience{3};

  // `clock` outlives it. `patience`: how long queued may be silent.
  Surveyor(config::Settings settings, const Clock& clock, std::chrono::seconds patience = kPatience)
      : settings_(std::move(settings)), clock_(clock), patience_(patience) {}

  Survey look(Depth depth);

 private:
  const QueuePicture& ask_queued(Depth depth);

  const config::Settings settings_;
  const Clock& clock_;
  const std::chrono::seconds patience_;
  std::optional<QueuePicture> kept_;
};

// For who looks once: where some daemons run and others do not, it looks again until all do and
// queued answers, for kRenewal at most, as between the workers of before a reload and those of
// after it a daemon may have none for a moment. Blocks so long, and then for `patience`.
inline constexpr std::chrono::seconds kRenewal{3};
Survey look_once(const config::Settings& settings, const Clock& clock, Depth depth,
                 std::chrono::seconds patience);

// Of those whose quota and use are known, the fullest first. Errors: as the directory of users
// cannot be read.
Result<std::vector<quota::Room>> nearly_full_mailboxes(const config::Settings& settings);

// The daemons of a suite, each of which has workers while it runs.
std::vector<std::string_view> daemon_names();
bool is_running(const Survey& survey, std::string_view daemon);

}  // namespace postrider::ctl

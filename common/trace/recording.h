// recording.h - a worker's part in the trace: while it lives, the lines of messages and sessions
// that its log is given are kept as well (writer.h).
//
//   trace::Recording recording(log, settings, "smtpd", number, clock);
//   loop.set_after_turn([&] { recording.end_turn(); });
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/config/settings.h"
#include "common/log/log.h"
#include "common/trace/writer.h"

namespace postrider::trace {

class Recording {
 public:
  // How often it is told that lines were lost.
  static constexpr std::chrono::minutes kTellEvery{1};

  // All outlive it. `process` as in FileName. Where [trace] is off, nothing is kept.
  Recording(log::Logger& log, const config::Settings& settings, std::string process,
            unsigned worker, const Clock& clock);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // Flushes the log, and tells it what was lost.
  void end_turn();

 private:
  void tell_loss();

  log::Logger& log_;
  const Clock& clock_;
  std::optional<Writer> writer_;
  std::optional<WallTime> told_at_;
};

}  // namespace postrider::trace

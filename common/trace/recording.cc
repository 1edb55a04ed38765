#include "common/trace/recording.h"

#include <utility>

#include "common/base/timestamp.h"

namespace postrider::trace {

Recording::Recording(log::Logger& log, const config::Settings& settings, std::string process,
                     unsigned worker, const Clock& clock)
    : log_(log), clock_(clock) {
  if (settings.trace.enabled != "on") return;
  writer_.emplace(Writer::Options{.folder = folder_of(settings.paths.data),
                                  .process = std::move(process),
                                  .worker = worker,
                                  .buffer_size = settings.trace.buffer_size,
                                  .min_free = settings.spool.min_free},
                  clock);
  log_.keep_for([this](std::string_view lines) { writer_->append(lines); });
}

Recording::~Recording() { log_.keep_for({}); }

void Recording::end_turn() {
  log_.flush();
  if (writer_ && writer_->has_loss()) tell_loss();
}

void Recording::tell_loss() {
  const WallTime now = clock_.now();
  if (told_at_ && *told_at_ <= now && now - *told_at_ < kTellEvery) return;
  told_at_ = now;
  const Writer::Loss loss = writer_->take_loss();
  log_.warning("trace_lost")
      .keep()
      .with("octets", loss.octets)
      .with("since", to_timestamp(loss.since))
      .with("reason", loss.reason)
      .with("effect", "postrider trace does not know all that happened since then");
}

}  // namespace postrider::trace

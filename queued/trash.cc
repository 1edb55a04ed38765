#include "queued/trash.h"

#include <algorithm>

namespace postrider::queued {

namespace {

constexpr log::Condition::Words kNotSwept{"trash_not_swept", "trash_swept_again",
                                          "what was deleted stays on the disk"};

}  // namespace

Trash::Trash(Queue& queue, StoreThread& store, const config::Settings& settings, const Clock& clock,
             const Clock& steady, log::Logger& log)
    : queue_(queue),
      store_(store),
      settings_(settings),
      clock_(clock),
      steady_(steady),
      not_swept_(log, clock, kNotSwept) {}

void Trash::sweep() {
  if (question_) return;
  const WallTime now = clock_.now();
  const WallTime before = std::min(now, steady_.now()) - settings_.queue.undo_time;
  question_ = store_.ask([before, now](Store& store) { return store.sweep(before, now); },
                         [this](const Result<Changed>& swept) {
                           question_.reset();
                           if (!swept) return not_swept_.holds(swept.error().text);
                           not_swept_.passed();
                           for (const MessageData& data : swept->erased) queue_.log_deleted(data);
                           if (!swept->last_id.empty()) sweep();
                         });
}

}  // namespace postrider::queued

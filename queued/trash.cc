#include "queued/trash.h"

namespace postrider::queued {

void Trash::sweep() {
  if (question_) return;
  question_ = store_.ask([before = clock_.now() - settings_.queue.undo_time](
                             Store& store) { return store.sweep(before); },
                         [this](const Result<Changed>& swept) {
                           question_.reset();
                           if (!swept) return;  // the next sweep tries again
                           for (const MessageData& data : swept->erased) queue_.log_deleted(data);
                           if (!swept->last_id.empty()) sweep();
                         });
}

}  // namespace postrider::queued

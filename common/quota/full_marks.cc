#include "common/quota/full_marks.h"

#include <utility>

#include "common/quota/open_rooms.h"

namespace postrider::quota {

FullMarks::FullMarks(const std::string& run_directory) : path_(rooms_path(run_directory)) {}

void FullMarks::clear(const std::string& mailbox) const {
  const std::lock_guard lock(mutex_);
  if (!rooms_)
    if (auto opened = Rooms::open_existing(path_)) rooms_.emplace(std::move(*opened));
  if (rooms_) rooms_->forget(mailbox);
}

}  // namespace postrider::quota

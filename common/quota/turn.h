// turn.h - the right to deliver into a mailbox, for as long as it lives.
#pragma once

#include <mutex>
#include <utility>

#include "common/quota/rooms.h"

namespace postrider::quota {

// Its Rooms outlive it; it ends in the thread in which it began.
class Rooms::Turn {
 public:
  Turn(const File& file, std::size_t octet, std::unique_lock<std::timed_mutex> thread)
      : file_(&file), octet_(octet), thread_(std::move(thread)) {}
  Turn(Turn&& other) noexcept
      : file_(std::exchange(other.file_, nullptr)),
        octet_(other.octet_),
        thread_(std::move(other.thread_)) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn();

 private:
  const File* file_;
  std::size_t octet_;
  std::unique_lock<std::timed_mutex> thread_;
};

}  // namespace postrider::quota

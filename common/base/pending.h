// pending.h - an asynchronous operation in progress.
//
// Every asynchronous start returns one. Destroying it cancels the operation: its callback then
// never runs. A callback never runs inside the call that started it.
#pragma once

#include <memory>

namespace postrider {

class Pending {
 public:
  Pending() = default;
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  virtual ~Pending() = default;
};

using PendingPtr = std::unique_ptr<Pending>;

}  // namespace postrider

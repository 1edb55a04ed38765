// answer_later.h - an answer that is known already, given from the loop as one that has to be
// found.
#pragma once

#include <memory>
#include <utility>

#include "common/base/pending.h"
#include "common/event/event_loop.h"

namespace postrider::event {

// Calls `done(answer)` from the loop unless the Pending was destroyed.
template <typename Answer, typename Done>
[[nodiscard]] PendingPtr answer_later(EventLoop& loop, Answer answer, Done done) {
  struct Answering final : Pending {
    explicit Answering(std::shared_ptr<Done> d) : done(std::move(d)) {}
    std::shared_ptr<Done> done;  // second owner, for its own call: the task in the loop
  };
  auto shared = std::make_shared<Done>(std::move(done));
  loop.defer([done = std::weak_ptr<Done>(shared), answer = std::move(answer)]() mutable {
    const auto alive = done.lock();
    if (alive) (*alive)(std::move(answer));
  });
  return std::make_unique<Answering>(std::move(shared));
}

}  // namespace postrider::event

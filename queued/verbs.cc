#include "queued/verbs.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace postrider::queued {

namespace {

// The one who asked, for as long as it waits.
class Asker final : public Pending {
 public:
  explicit Asker(std::shared_ptr<Verbs::Done> done) : done_(std::move(done)) {}

 private:
  std::shared_ptr<Verbs::Done> done_;  // the verb has it weakly
};

}  // namespace

template <typename Change, typename Conclude>
PendingPtr Verbs::begin(Change change, Conclude conclude, Done done) {
  auto waiting = std::make_shared<Done>(std::move(done));
  const auto place = running_.emplace(running_.end());
  *place = store_.ask(std::move(change), [this, place, conclude = std::move(conclude),
                                          waiting = std::weak_ptr<Done>(waiting)](auto answer) {
    running_.erase(place);
    const Result<std::uint64_t> count = conclude(std::move(answer));
    if (const auto asker = waiting.lock()) (*asker)(count);
  });
  return std::make_unique<Asker>(std::move(waiting));
}

// What is on its way from the store to memory when both are asked is in memory afterwards.
PendingPtr Verbs::hold(const ipc::Filter& filter, Done done) {
  const std::string reason = "held by the operator";
  const std::uint64_t active = queue_.wish(filter, Wish::hold, reason);
  return begin([filter, reason](Store& store) { return store.hold(filter, reason); },
               [this, filter, reason, active](Result<std::uint64_t> held) {
                 if (held) *held += active + queue_.wish(filter, Wish::hold, reason);
                 return held;
               },
               std::move(done));
}

PendingPtr Verbs::remove(const ipc::Filter& filter, Done done) {
  const std::uint64_t active = queue_.wish(filter, Wish::remove, "");
  return begin([filter](Store& store) { return store.remove(filter); },
               [this, filter, active](const Result<std::vector<MessageData>>& removed) {
                 if (!removed) return Result<std::uint64_t>(tl::unexpected<Error>(removed.error()));
                 for (const MessageData& data : *removed) queue_.log_deleted(data);
                 return Result<std::uint64_t>(removed->size() + active +
                                              queue_.wish(filter, Wish::remove, ""));
               },
               std::move(done));
}

PendingPtr Verbs::release(const ipc::Filter& filter, Done done) {
  return attempt(&Store::release, filter, std::move(done));
}

PendingPtr Verbs::retry(const ipc::Filter& filter, Done done) {
  return attempt(&Store::retry, filter, std::move(done));
}

PendingPtr Verbs::attempt(Result<std::uint64_t> (Store::*change)(const ipc::Filter&, WallTime),
                          const ipc::Filter& filter, Done done) {
  return begin([filter, change, now = clock_.now()](Store& store) {
                 return (store.*change)(filter, now);
               },
               [this](Result<std::uint64_t> changed) {
                 if (changed && *changed > 0) queue_.look_again();
                 return changed;
               },
               std::move(done));
}

}  // namespace postrider::queued

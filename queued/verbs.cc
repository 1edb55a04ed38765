#include "queued/verbs.h"

#include <utility>

#include <fmt/format.h>

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

PendingPtr Verbs::begin(Change change, Conclude conclude, Done done) {
  auto asker = std::make_shared<Done>(std::move(done));
  const Place place = running_.insert(running_.end(), {.change = std::move(change),
                                                       .conclude = std::move(conclude),
                                                       .asker = asker,
                                                       .portion = {}});
  go_on(place, {});
  return std::make_unique<Asker>(std::move(asker));
}

void Verbs::go_on(Place place, const std::string& after) {
  place->portion =
      store_.ask([change = place->change, after](Store& store) { return change(store, after); },
                 [this, place](const Result<Changed>& changed) {
                   if (!changed) return end(place, changed);
                   place->messages += changed->messages;
                   for (const MessageData& data : changed->removed) queue_.log_deleted(data);
                   changed->last_id.empty() ? end(place, changed) : go_on(place, changed->last_id);
                 });
}

void Verbs::end(Place place, const Result<Changed>& last) {
  const Running ended = std::move(*place);
  running_.erase(place);
  const std::uint64_t messages = ended.messages + ended.conclude(ended.messages);
  const auto asker = ended.asker.lock();
  if (!asker) return;
  if (last) return (*asker)(messages);
  (*asker)(fail(last.error().kind, messages == 0 ? last.error().text
                                                 : fmt::format("{} messages were done; then: {}",
                                                               messages, last.error().text)));
}

// What is on its way from the store to memory when both are asked is in memory afterwards.
PendingPtr Verbs::hold(const ipc::Filter& filter, Done done) {
  const std::string reason = "held by the operator";
  const std::uint64_t active = queue_.wish(filter, Wish::hold, reason);
  return begin(
      [filter, reason](Store& store, const std::string& after) {
        return store.hold(filter, after, reason);
      },
      [this, filter, reason, active](std::uint64_t) {
        return active + queue_.wish(filter, Wish::hold, reason);
      },
      std::move(done));
}

PendingPtr Verbs::remove(const ipc::Filter& filter, Done done) {
  const std::uint64_t active = queue_.wish(filter, Wish::remove, "");
  return begin(
      [filter](Store& store, const std::string& after) { return store.remove(filter, after); },
      [this, filter, active](std::uint64_t) {
        return active + queue_.wish(filter, Wish::remove, "");
      },
      std::move(done));
}

PendingPtr Verbs::release(const ipc::Filter& filter, Done done) {
  return attempt(
      [filter, now = clock_.now()](Store& store, const std::string& after) {
        return store.release(filter, after, now);
      },
      std::move(done));
}

PendingPtr Verbs::retry(const ipc::Filter& filter, Done done) {
  return attempt(
      [filter, now = clock_.now()](Store& store, const std::string& after) {
        return store.retry(filter, after, now);
      },
      std::move(done));
}

PendingPtr Verbs::attempt(Change change, Done done) {
  return begin(
      std::move(change),
      [this](std::uint64_t stored) {
        if (stored > 0) queue_.look_again();
        return std::uint64_t{0};
      },
      std::move(done));
}

}  // namespace postrider::queued

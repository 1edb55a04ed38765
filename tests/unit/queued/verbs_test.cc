#include "queued/verbs.h"

#include "tests/unit/queued/fixture.h"

using namespace postrider;
using test::QueueFixture;

namespace {

ipc::Filter all() {
  ipc::Filter filter;
  filter.set_all(true);
  return filter;
}

}  // namespace

TEST_CASE("queued verbs: what an operator began is done and logged when nobody waits any more",
          "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  queued::Verbs verbs(f.life->queue, f.life->store, f.clock);

  PendingPtr asked = verbs.remove(all(), [](const Result<std::uint64_t>&) { FAIL("told"); });
  asked.reset();
  f.run_until([&] { return f.logged.find("event=deleted id=" + id) != std::string::npos; });
  CHECK_FALSE(std::filesystem::exists(f.paths.deferred(*MessageId::parse(id))));
}

TEST_CASE("queued verbs: each says how many messages it changed", "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  for (int i = 0; i < 3; ++i) f.accept("a@x.test", {"b@far.test"});
  f.settle();
  queued::Verbs verbs(f.life->queue, f.life->store, f.clock);
  const auto count = [&](auto verb) {
    std::optional<std::uint64_t> messages;
    const PendingPtr asked = (verbs.*verb)(
        all(), [&](const Result<std::uint64_t>& changed) { messages = changed.value(); });
    f.run_until([&] { return messages.has_value(); });
    return *messages;
  };
  CHECK(count(&queued::Verbs::release) == 0);  // none is held
  CHECK(count(&queued::Verbs::hold) == 3);
  CHECK(count(&queued::Verbs::retry) == 0);  // none waits
  CHECK(count(&queued::Verbs::release) == 3);
  f.settle();
  CHECK(f.attempts.size() == 6);
  CHECK(count(&queued::Verbs::remove) == 3);
  CHECK(count(&queued::Verbs::remove) == 0);
}

TEST_CASE("queued verbs: many messages are changed in portions, each once", "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  const std::size_t many = 2 * queued::Store::kVerbPortion;  // the last portion is full
  f.settings.queue.active_limit = 2 * many;
  f.accept_many(many, "a@x.test", {"b@far.test"});
  f.settle();
  queued::Verbs verbs(f.life->queue, f.life->store, f.clock);
  std::optional<std::uint64_t> messages;
  const PendingPtr asked = verbs.remove(
      all(), [&](const Result<std::uint64_t>& removed) { messages = removed.value(); });
  f.run_until([&] { return messages.has_value(); });
  CHECK(*messages == many);
  std::size_t told = 0;
  for (auto at = f.logged.find("event=deleted"); at != std::string::npos;
       at = f.logged.find("event=deleted", at + 1))
    ++told;
  CHECK(told == many);
}

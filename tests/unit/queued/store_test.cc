#include "queued/store.h"

#include <array>

#include <catch2/catch.hpp>

#include "common/spool/record.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace postrider::queued;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{std::chrono::hours{500'000}};

// A store on an empty spool, and one file from which contents are promoted.
struct World {
  World() {
    for (const std::string& folder : {paths.incoming(), paths.deferred()})
      REQUIRE(spool::system_disk().make_directory(folder));
    auto opened = Store::open(spool::system_disk(), paths);
    REQUIRE(opened);
    store = std::move(*opened);
    auto file = spool::system_disk().open(temporary.path("source"), spool::Disk::Mode::append);
    REQUIRE(file);
    source = std::make_shared<const SourceFile>(SourceFile{std::move(*file)});
  }

  Promote promote(std::string content) {
    Promote promote{.source = source, .offset = *spool::system_disk().size(source->fd.get())};
    iovec part{.iov_base = content.data(), .iov_len = content.size()};
    REQUIRE(spool::system_disk().append(source->fd.get(), {&part, 1}));
    promote.data.id = ids.next();
    promote.data.arrival = kNow;
    promote.data.content_length = content.size();
    promote.data.content_checksum = spool::checksum(content);
    promote.data.recipients.push_back({.address = "anna@example.org"});
    promote.schedule = {.next_attempt = kNow + 1h, .expires = kNow + 24h};
    return promote;
  }

  std::string content(const MessageId& id) {
    const auto stored = store->open_content(id);
    REQUIRE(stored);
    std::array<char, 64> buffer{};
    const auto n = spool::system_disk().read(stored->fd.get(), 0, buffer);
    REQUIRE(n);
    return {buffer.data(), *n};
  }

  test::TempDirectory temporary;
  spool::Paths paths{temporary.path()};
  ManualClock clock{kNow};
  MessageIdSource ids{clock, 0, 1};
  std::unique_ptr<Store> store;
  SourcePtr source;
};

}  // namespace

TEST_CASE("store: messages promoted together keep each its content and its time", "[queued]") {
  const std::size_t count = GENERATE(std::size_t{1}, Store::kSyncTogether, 3 * Store::kSyncTogether);
  World world;
  std::vector<Change> changes;
  std::vector<MessageId> ids;
  for (std::size_t i = 0; i < count; ++i) {
    Promote promote = world.promote("message " + std::to_string(i));
    ids.push_back(promote.data.id);
    changes.emplace_back(std::move(promote));
  }
  REQUIRE(world.store->apply(changes));
  for (std::size_t i = 0; i < count; ++i)
    CHECK(world.content(ids[i]) == "message " + std::to_string(i));
  CHECK(world.store->take_due(kNow, 1000)->messages.empty());
  CHECK(world.store->take_due(kNow + 1h, 1000)->messages.size() == count);
}

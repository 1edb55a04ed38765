// Every single call of a rescue fails, once or until the disk is mended: each message whose row can
// be read is in queue.db afterwards, by this start or by the next one.
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/base/directory.h"
#include "common/spool/queue_schema.h"
#include "common/sqlite/sqlite.h"
#include "queued/rescue.h"
#include "tests/crash/recorder.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace postrider::crash;

namespace {

constexpr std::int64_t kMessages = 12;
constexpr std::array kErrors{EIO, ENOSPC, EMFILE, Fault::kShortWrite};

// A spool whose queue.db is marked: no start opens it before it was rescued. Each row fills a page.
void make_marked(const std::string& root) {
  const spool::Paths paths{root};
  for (const std::string& folder : {paths.deferred(), paths.quarantine()})
    REQUIRE(require_writable_directory(folder));
  auto database = sqlite::Database::open(paths.queue_db(), sqlite::Access::create);
  REQUIRE(database);
  REQUIRE(database->migrate(spool::kQueueSchema));
  for (std::int64_t i = 0; i < kMessages; ++i) {
    REQUIRE(database->execute(fmt::format(
        "INSERT INTO message VALUES ('{0:020}', zeroblob(3000), x'', 1, 0, 0, 0, {0}, 9, 0, 0, 0, "
        "'', '', 0, 0)",
        i)));
    REQUIRE(
        database->execute(fmt::format("INSERT INTO recipient VALUES ('{:020}', x'61', '', "
                                      "zeroblob(3000), '', x'', 0, '', '', x'', "
                                      "'', '')",
                                      i)));
  }
  REQUIRE(queued::mark_damaged(spool::system_disk(), paths));
}

Result<std::unique_ptr<queued::Store>> start(const spool::Paths& paths) {
  const ManualClock clock;
  log::Logger log("test", log::Level::error, log::Format::logfmt, clock, [](std::string_view) {});
  return queued::open_store(spool::system_disk(), paths, log, clock.now());
}

// The calls of a start that is to rescue a copy of `spool`. What it leaves is held against what was
// there.
std::vector<Call> start_on(const std::string& spool, std::optional<Fault> fault) {
  const test::TempDirectory root;
  std::filesystem::copy(spool, root.path(), std::filesystem::copy_options::recursive);
  const spool::Paths paths{root.path()};
  Recorder& recorder = Recorder::instance();
  recorder.begin(root.path());
  if (fault) recorder.set_fault(*fault);
  static_cast<void>(start(paths).has_value());
  std::vector<Call> calls = recorder.calls();
  static_cast<void>(recorder.end());
  const auto next = start(paths);
  REQUIRE(next);
  const auto counts = (*next)->count();
  REQUIRE(counts);
  CHECK(counts->deferred == kMessages);
  return calls;
}

}  // namespace

TEST_CASE("rescue: whichever call fails, no message that can be read is left behind", "[crash]") {
  const test::TempDirectory spool;
  make_marked(spool.path());
  const std::vector<Call> calls = start_on(spool.path(), std::nullopt);
  std::size_t cases = 0;
  for (const int error : kErrors) {
    for (const bool lasting : {false, true}) {
      for (std::size_t call = 0; call < calls.size(); ++call) {
        if (!can_end_with(calls[call], error)) continue;
        ++cases;
        INFO(fmt::format("call {} ends with errno {} {}", call, error,
                         lasting ? "for long" : "once"));
        start_on(spool.path(), Fault{.call = call, .error = error, .lasting = lasting});
      }
    }
  }
  fmt::print("failing rescue: {} calls, {} cases\n", calls.size(), cases);
}

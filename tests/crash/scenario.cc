#include "tests/crash/scenario.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/base/check.h"
#include "common/sqlite/sqlite.h"
#include "tests/crash/recorder.h"
#include "tests/unit/temp_directory.h"

namespace postrider::crash {

namespace {

using std::chrono::hours;

// Enough for some attempts.
constexpr hours kAfternoon{5};

// Octets of a letter that has a file of its own, and of one that has not.
constexpr std::size_t kLarge = 20'000;
constexpr std::size_t kSmall = 300;

void one_letter(World& world, Ledger& ledger) {
  world.accept({ledger.add({"ann@local.test"}, kSmall)});
  world.run(kAfternoon);
}

void batches(World& world, Ledger& ledger) {
  world.accept({ledger.add({"ann@local.test"}, kSmall),
                ledger.add({"ann@local.test", "bob@local.test"}, kSmall),
                ledger.add({"ok@remote.test"}, 1'000), ledger.add({"ann@local.test"}, kLarge)});
  world.accept({ledger.add({"bob@local.test"}, kSmall), ledger.add({"cyd@local.test"}, 3'000)});
  world.run(kAfternoon);
}

void large_letters(World& world, Ledger& ledger) {
  world.accept({ledger.add({"ann@local.test", "bob@local.test"}, kLarge)});
  world.settle();
  world.accept({ledger.add({"ann@local.test", "later@remote.test"}, kLarge)});
  world.run(kAfternoon);
}

void partial_delivery(World& world, Ledger& ledger) {
  world.accept({ledger.add({"ann@local.test", "later@remote.test"}, kSmall)});
  world.settle();
  world.accept({ledger.add({"bob@local.test", "never@remote.test", "later@remote.test"}, kSmall)});
  world.run(kAfternoon);
}

void bounces(World& world, Ledger& ledger) {
  world.accept(
      {ledger.add({"never@remote.test"}, kSmall), ledger.add({"never@remote.test"}, kLarge)});
  world.run(kAfternoon);
}

void successes(World& world, Ledger& ledger) {
  world.accept({ledger.add({"told@local.test"}, kSmall),
                ledger.add({"told@local.test", "later@remote.test"}, kSmall),
                ledger.add({"told@local.test", "never@remote.test"}, kLarge)});
  world.run(kAfternoon);
}

// Segments are sealed when they are full, and go when all of it is done.
void full_segments(World& world, Ledger& ledger) {
  for (int i = 0; i < 4; ++i) {
    world.accept({ledger.add({"ann@local.test"}, 3'000), ledger.add({"later@remote.test"}, 3'500)});
    world.settle();
  }
  world.run(kAfternoon);
}

void operators_verbs(World& world, Ledger& ledger) {
  world.accept({ledger.add({"ann@local.test", "later@remote.test"}, kSmall),
                ledger.add({"later@remote.test"}, kLarge)});
  world.settle();
  world.hold();
  world.settle();
  world.release();
  world.run(kAfternoon);
  const std::size_t unwanted = ledger.add({"bob@local.test", "later@remote.test"}, kSmall);
  world.accept({unwanted});
  world.settle();
  world.erase(unwanted);
  world.run(kAfternoon);
}

// Deleted and brought back; deleted for good.
void second_thoughts(World& world, Ledger& ledger) {
  const std::size_t wanted = ledger.add({"ann@local.test", "later@remote.test"}, kLarge);
  const std::size_t unwanted = ledger.add({"later@remote.test"}, kSmall);
  world.accept({wanted, unwanted});
  world.settle();
  world.remove(wanted);
  world.remove(unwanted);
  world.settle();
  world.bring_back(wanted);
  world.sweep();
  world.run(kAfternoon);
}

// Promoted before any attempt, with a file of its own and without.
void held_by_sender(World& world, Ledger& ledger) {
  world.accept({ledger.add({"held@local.test"}, kSmall),
                ledger.add({"held@local.test", "later@remote.test"}, kLarge)});
  world.run(kAfternoon);
}

void before_kill(World& world, Ledger& ledger) {
  world.accept({ledger.add({"ann@local.test"}, kLarge),
                ledger.add({"bob@local.test", "later@remote.test"}, kLarge),
                ledger.add({"cyd@local.test", "never@remote.test", "later@remote.test"}, kSmall)});
  world.settle();
}

void after_kill(World& world, Ledger& ledger) {
  world.run(kAfternoon);
  world.accept({ledger.add({"ann@local.test"}, kSmall)});
  world.run(kAfternoon);
}

void before_damage(World& world, Ledger& ledger) {
  world.accept({ledger.add({"ann@local.test", "later@remote.test"}, kSmall),
                ledger.add({"later@remote.test"}, kLarge)});
  world.settle();
}

void after_damage(World& world, Ledger& ledger) {
  POSTRIDER_CHECK(world.log().find("event=queue_db_replaced") != std::string::npos);
  world.accept({ledger.add({"later@remote.test"}, kSmall)});
  world.run(kAfternoon);
}

constexpr std::array<Scenario, 12> kScenarios{
    {{"one letter", &one_letter},
     {"batches", &batches},
     {"large letters", &large_letters},
     {"partial delivery", &partial_delivery},
     {"bounces", &bounces},
     {"successes", &successes},
     {"full segments", &full_segments},
     {"operator's verbs", &operators_verbs},
     {"second thoughts", &second_thoughts},
     {"held by its sender", &held_by_sender},
     {"kill", &before_kill, &after_kill},
     {"damaged queue.db", &before_damage, &after_damage, End::damage}}};

// What is dead writes nothing more.
constexpr Fault kDead{.call = 0, .error = EIO, .lasting = true};

// The first octet of a page says of what kind it is: there is no such kind.
constexpr char kNoPage = '\xa5';

// Damages the index by which messages are found that are due; each row can still be read.
void damage_schedule(const std::string& root) {
  const std::string path = spool::Paths{spool_of(root)}.queue_db();
  std::int64_t page = 0;
  std::int64_t page_size = 0;
  {
    auto database = sqlite::Database::open(path, sqlite::Access::read_still);
    POSTRIDER_CHECK(database);
    auto place = database->prepare(
        "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size "
        "WHERE name='message_schedule'");
    POSTRIDER_CHECK(place && place->step() == true);
    page = place->integer(0);
    page_size = place->integer(1);
  }
  const Fd fd(::open(path.c_str(), O_RDWR));
  POSTRIDER_CHECK(::pwrite(fd.get(), &kNoPage, 1, (page - 1) * page_size) == 1);
  POSTRIDER_CHECK(::fdatasync(fd.get()) == 0);
}

}  // namespace

std::span<const Scenario> scenarios() { return kScenarios; }

Past play(const Scenario& scenario) {
  const test::TempDirectory root;
  const bool killed = scenario.second_life != nullptr && scenario.end == End::kill;
  Past past;
  Recorder::instance().begin(root.path());
  {
    World world(root.path(), past.ledger, 0);
    past.started = Recorder::instance().position();
    scenario.play(world, past.ledger);
    if (killed) Recorder::instance().set_fault(kDead);
  }
  Recorder::instance().heal();
  past.ended = Recorder::instance().position();
  if (scenario.second_life != nullptr) {
    if (scenario.end == End::damage) damage_schedule(root.path());
    past.restarted = Recorder::instance().position();
    World world(root.path(), past.ledger, 1);
    scenario.second_life(world, past.ledger);
  }
  past.history = Recorder::instance().end();
  return past;
}

}  // namespace postrider::crash

#include "tests/crash/scenario.h"

#include <array>
#include <cerrno>

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
  world.remove(unwanted);
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

constexpr std::array<Scenario, 8> kScenarios{{{"one letter", &one_letter},
                                              {"batches", &batches},
                                              {"large letters", &large_letters},
                                              {"partial delivery", &partial_delivery},
                                              {"bounces", &bounces},
                                              {"full segments", &full_segments},
                                              {"operator's verbs", &operators_verbs},
                                              {"kill", &before_kill, &after_kill}}};

// What is dead writes nothing more.
constexpr Fault kDead{.call = 0, .error = EIO, .lasting = true};

}  // namespace

std::span<const Scenario> scenarios() { return kScenarios; }

Past play(const Scenario& scenario) {
  const test::TempDirectory root;
  Past past;
  Recorder::instance().begin(root.path());
  {
    World world(root.path(), past.ledger, 0);
    past.started = Recorder::instance().position();
    scenario.play(world, past.ledger);
    if (scenario.after_kill != nullptr) Recorder::instance().set_fault(kDead);
  }
  Recorder::instance().heal();
  if (scenario.after_kill != nullptr) {
    World world(root.path(), past.ledger, 1);
    scenario.after_kill(world, past.ledger);
  }
  past.history = Recorder::instance().end();
  return past;
}

}  // namespace postrider::crash

// The power is cut after every single operation of each scenario; from what the disk may hold then,
// everything starts again, and what was promised must be kept.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/crash/image.h"
#include "tests/crash/judgement.h"
#include "tests/crash/recorder.h"
#include "tests/crash/rerun.h"
#include "tests/crash/scenario.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace postrider::crash;

namespace {

constexpr std::chrono::hours kWeek{24 * 7};

// What a life left behind.
struct Past {
  Ledger ledger;
  History history;
};

Past play(const Scenario& scenario) {
  const test::TempDirectory root;
  Past past;
  Recorder::instance().begin(root.path());
  {
    World world(root.path(), past.ledger, 0);
    scenario.play(world, past.ledger);
  }
  past.history = Recorder::instance().end();
  return past;
}

std::vector<Draw> draws(const Rerun& rerun, std::size_t position) {
  const std::uint64_t seed = rerun.seed * 1'000'003 + position;
  if (rerun.all) {
    std::vector<Draw> all{{Fate::nothing}, {Fate::everything}};
    for (std::uint64_t i = 0; i < 4; ++i)
      for (const Fate fate : {Fate::in_order, Fate::any_order, Fate::holes})
        all.push_back({fate, seed + i * 7'919});
    return all;
  }
  constexpr std::array kByChance{Fate::any_order, Fate::holes, Fate::in_order};
  return {{Fate::nothing}, {Fate::everything}, {kByChance[position % 3], seed}};
}

// What is wrong after this cut; empty: nothing.
std::string cut(Image image, const Draw& draw, Ledger ledger) {
  const test::TempDirectory root;
  image.cut(draw);
  image.write_to(root.path());
  std::string wrong;
  // A file system that makes lengths durable before data is more than a client can be kept from.
  if (draw.fate != Fate::holes) wrong = judge_maildrops(root.path(), ledger);
  World world(root.path(), ledger, 1);
  world.run(kWeek);
  world.release();  // if it was held
  world.run(kWeek);
  wrong += judge(root.path(), ledger);
  return wrong.empty() ? wrong : wrong + world.log();
}

}  // namespace

TEST_CASE("power cut: after every operation, all that was promised is kept", "[crash]") {
  const Rerun rerun = Rerun::from_environment();
  for (const Scenario& scenario : scenarios()) {
    const Past past = play(scenario);
    const auto& operations = past.history.operations;
    Image image(past.history.root);
    std::size_t cases = 0;
    for (std::size_t position = 0;; ++position) {
      if (rerun.wants(position)) {
        for (const Draw& draw : draws(rerun, position)) {
          ++cases;
          INFO(fmt::format("scenario: {}; POSTRIDER_CRASH_AT={} POSTRIDER_CRASH_SEED={}; fate: {}",
                           scenario.name, position, rerun.seed, name_of(draw.fate)));
          CHECK(cut(image, draw, past.ledger.at(position)) == "");
        }
      }
      if (position == operations.size()) break;
      image.apply(operations[position], {});
    }
    fmt::print("power cut: {}: {} operations, {} cases\n", scenario.name, operations.size(), cases);
  }
}

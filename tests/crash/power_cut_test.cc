// The power is cut after every single operation of each scenario; from what the disk may hold then,
// everything starts again, and what was promised must be kept.
#include <array>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/crash/judgement.h"
#include "tests/crash/recorder.h"
#include "tests/crash/recovery.h"
#include "tests/crash/rerun.h"
#include "tests/crash/scenario.h"
#include "tests/crash/verification.h"

using namespace postrider;
using namespace postrider::crash;

namespace {

constexpr std::array kByChance{Fate::any_order, Fate::holes, Fate::in_order};

std::vector<Draw> draws(const Rerun& rerun, std::size_t position) {
  const std::uint64_t seed = rerun.seed * 1'000'003 + position;
  std::vector<Draw> draws{{Fate::nothing}, {Fate::everything}};
  if (!rerun.all) {
    draws.push_back({kByChance[position % kByChance.size()], seed});
    return draws;
  }
  for (std::uint64_t i = 0; i < 4; ++i)
    for (const Fate fate : kByChance) draws.push_back({fate, seed + i * 7'919});
  return draws;
}

// What is wrong after this cut; empty: nothing. `sound`: the spool was complete by then, and what
// is found in it comes of crashes alone.
std::string cut(const Image& image, const Draw& draw, Ledger ledger, bool sound) {
  const Remains remains(image, draw);
  const std::string& root = remains.root.path();
  const bool by_chance = draw.fate != Fate::nothing && draw.fate != Fate::everything;
  std::string wrong;
  // A file system that makes lengths durable before data is more than a client can be kept from.
  if (draw.fate != Fate::holes) wrong += judge_maildrops(root, ledger);
  if (sound && by_chance) wrong += verify_after_cut(root);
  wrong += recover(root, ledger, 2);
  if (by_chance) wrong += verify_at_rest(root);
  return wrong;
}

std::string words(const Scenario& scenario, std::size_t position, const Rerun& rerun, Fate fate) {
  return fmt::format("scenario: {}; POSTRIDER_CRASH_AT={} POSTRIDER_CRASH_SEED={}; fate: {}",
                     scenario.name, position, rerun.seed, name_of(fate));
}

// The power goes a second time, after every operation of the recovery from the first cut.
std::size_t cut_again(const Image& image, const Ledger& before, const Rerun& rerun,
                      const std::string& where) {
  const Remains first(image, {Fate::nothing});
  Image again = Image::of(first.root.path());
  Ledger ledger = before;
  ledger.begin_life();
  Recorder::instance().begin(first.root.path());
  const std::string wrong = recover(first.root.path(), ledger, 2);
  const History recovery = Recorder::instance().end();
  INFO(where);
  CHECK(wrong == "");
  for (std::size_t i = 0; i < recovery.operations.size(); ++i) {
    again.apply(recovery.operations[i], {});
    const Draw draw{i % 2 == 0 ? Fate::nothing : kByChance[i % kByChance.size()], rerun.seed + i};
    const Remains second(again, draw);
    Ledger then = ledger.at(i + 1);
    INFO(fmt::format("{}; then after {} operations: {}", where, i + 1, name_of(draw.fate)));
    CHECK(recover(second.root.path(), then, 3) == "");
  }
  return recovery.operations.size();
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
      const bool damaged = scenario.end == End::damage && position > past.ended;
      if (rerun.wants(position)) {
        for (const Draw& draw : draws(rerun, position)) {
          ++cases;
          INFO(words(scenario, position, rerun, draw.fate));
          CHECK(cut(image, draw, past.ledger.at(position), position >= past.started && !damaged) ==
                "");
        }
      }
      if (position == operations.size()) break;
      image.apply(operations[position], {});
    }
    fmt::print("power cut: {}: {} operations, {} cases\n", scenario.name, operations.size(), cases);
  }
}

TEST_CASE("power cut: a second one after every operation of the recovery does no harm", "[crash]") {
  const Rerun rerun = Rerun::from_environment();
  // The first cut comes at every so many operations.
  const std::size_t step = rerun.all ? 9 : 67;
  for (const Scenario& scenario : scenarios()) {
    const Past past = play(scenario);
    Image image(past.history.root);
    std::size_t cases = 0;
    for (std::size_t position = 0; position < past.history.operations.size(); ++position) {
      image.apply(past.history.operations[position], {});
      if (position < past.started || position % step != rerun.seed % step) continue;
      cases += cut_again(image, past.ledger.at(position + 1), rerun,
                         words(scenario, position, rerun, Fate::nothing));
    }
    fmt::print("power cut twice: {}: {} cases\n", scenario.name, cases);
  }
}

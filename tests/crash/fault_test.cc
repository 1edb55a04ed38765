// Every single call of each scenario fails, once or until the disk is mended: nothing that was
// accepted is lost, what was refused is nowhere, and service goes on; also when the power is cut on
// top of it.
#include <array>
#include <cerrno>

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
constexpr std::array kErrors{EIO, ENOSPC, EMFILE, Fault::kShortWrite};

std::string_view name_of_error(int error) {
  return error == EIO ? "EIO" : error == ENOSPC ? "ENOSPC" : error == EMFILE ? "EMFILE" : "short write";
}

// What one life on a disk that fails came to.
struct Trial {
  Ledger ledger;             // as it stood when the disk was mended
  History history;
  std::size_t mended = 0;    // operations before that
  std::vector<Call> calls;   // of the scenario alone
  std::string wrong;
};

// `fault.call` counts from the first call of the scenario: all is up by then.
Trial play(const Scenario& scenario, std::optional<Fault> fault) {
  const test::TempDirectory root;
  Recorder& recorder = Recorder::instance();
  Trial trial;
  Ledger ledger;
  recorder.begin(root.path());
  {
    World world(root.path(), ledger, 0);
    world.settle();
    const std::size_t before = recorder.calls().size();
    if (fault) {
      fault->call += before;
      recorder.set_fault(*fault);
    }
    scenario.play(world, ledger);
    recorder.heal();
    trial.mended = recorder.position();
    trial.ledger = ledger;
    trial.calls = recorder.calls();
    trial.calls.erase(trial.calls.begin(), trial.calls.begin() + static_cast<std::ptrdiff_t>(before));
    world.release();
    const std::size_t after = ledger.add({"ann@local.test", "ok@remote.test"}, 300);
    world.accept({after});
    world.run(kWeek);
    if (ledger.count(Fact::Kind::accepted, after) == 0) trial.wrong += "no service afterwards\n";
    if (!(trial.wrong += judge(root.path(), ledger)).empty()) trial.wrong += world.log();
  }
  trial.history = recorder.end();
  return trial;
}

// The power is cut in the moment in which the disk was mended. What a failed sync lost is lost.
std::string cut(const Trial& trial, const Draw& draw) {
  Image image(trial.history.root);
  for (std::size_t i = 0; i < trial.mended; ++i) image.apply(trial.history.operations[i], draw);
  image.cut(draw);
  const test::TempDirectory root;
  image.write_to(root.path());
  Ledger ledger = trial.ledger;
  World world(root.path(), ledger, 1);
  world.run(kWeek);
  world.release();
  world.run(kWeek);
  const std::string wrong = judge(root.path(), ledger);
  return wrong.empty() ? wrong : wrong + world.log();
}

// The ways in which a call may fail: all, or one that is chosen by its number.
std::vector<Fault> faults(const Rerun& rerun, Call call, std::size_t n) {
  std::vector<Fault> all;
  for (const int error : kErrors)
    for (const bool lasting : {false, true})
      if (can_end_with(call, error)) all.push_back({.call = n, .error = error, .lasting = lasting});
  if (rerun.all) return all;
  return {all[(n + rerun.seed) % all.size()]};
}

}  // namespace

TEST_CASE("failing disk: at every call, nothing is lost, and service goes on", "[crash]") {
  const Rerun rerun = Rerun::from_environment();
  for (const Scenario& scenario : scenarios()) {
    const std::vector<Call> calls = play(scenario, std::nullopt).calls;
    std::size_t cases = 0;
    for (std::size_t n = 0; n < calls.size(); ++n) {
      if (!rerun.wants(n)) continue;
      for (const Fault& fault : faults(rerun, calls[n], n)) {
        ++cases;
        const Trial trial = play(scenario, fault);
        INFO(fmt::format("scenario: {}; POSTRIDER_CRASH_AT={} POSTRIDER_CRASH_SEED={}; {} {}",
                         scenario.name, n, rerun.seed, name_of_error(fault.error),
                         fault.lasting ? "until it is mended" : "once"));
        CHECK(trial.wrong == "");
        CHECK(cut(trial, {Fate::nothing}) == "");
      }
    }
    fmt::print("failing disk: {}: {} calls, {} cases\n", scenario.name, calls.size(), cases);
  }
}

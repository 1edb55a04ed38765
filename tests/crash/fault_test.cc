// Every single call of each scenario fails, once or until the disk is mended: nothing that was
// accepted is lost, what was refused is nowhere, and service goes on; also when the power is cut on
// top of it.
#include <array>
#include <cerrno>
#include <optional>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/crash/judgement.h"
#include "tests/crash/recorder.h"
#include "tests/crash/recovery.h"
#include "tests/crash/rerun.h"
#include "tests/crash/scenario.h"

using namespace postrider;
using namespace postrider::crash;

namespace {

constexpr std::chrono::hours kAfternoon{5};
constexpr std::chrono::hours kWeek{24 * 7};
// An ordinary run takes every so many calls, each with one error.
constexpr std::size_t kPart = 3;
constexpr std::array kErrors{EIO, ENOSPC, EMFILE, Fault::kShortWrite};

std::string_view name_of_error(int error) {
  switch (error) {
    case EIO: return "EIO";
    case ENOSPC: return "ENOSPC";
    case EMFILE: return "EMFILE";
    default: return "short write";
  }
}

// What one life on a disk that fails came to.
struct Trial {
  Ledger ledger;  // as it stood when the disk was mended
  History history;
  std::size_t mended = 0;                // operations before that
  std::optional<std::size_t> failed_at;  // operations before the call that failed
  std::vector<Call> calls;               // of the scenario alone
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
    std::optional<World> life(std::in_place, root.path(), ledger, 0U);
    life->settle();
    const std::size_t before = recorder.calls().size();
    if (fault) {
      fault->call += before;
      recorder.set_fault(*fault);
    }
    scenario.play(*life, ledger);
    recorder.heal();
    trial.mended = recorder.position();
    trial.failed_at = recorder.failed_at();
    trial.ledger = ledger;
    trial.calls = recorder.calls();
    const auto begin = trial.calls.begin();
    trial.calls.erase(begin, begin + static_cast<std::ptrdiff_t>(before));
    if (life->damaged()) {
      life.reset();
      life.emplace(root.path(), ledger, 1U);
    }
    World& world = *life;
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
std::string cut(const Trial& trial) {
  Image image(trial.history.root);
  for (std::size_t i = 0; i < trial.mended; ++i) image.apply(trial.history.operations[i], {});
  const Remains remains(image, {Fate::nothing});
  Ledger ledger = trial.ledger;
  // While no entry of a .done file can be written, the power takes back what an operator deleted.
  ledger.forget(Fact::Kind::deleted);
  return recover(remains.root.path(), ledger, 2);
}

// queued and all others are killed at a moment after the call failed: what they wrote stays.
std::string kill(const Trial& trial, std::size_t position) {
  Image image(trial.history.root);
  for (std::size_t i = 0; i < position; ++i) image.apply(trial.history.operations[i], {});
  const Remains remains(image, {Fate::everything});
  Ledger ledger = trial.ledger.at(position);
  ledger.forget(Fact::Kind::deleted);  // as above
  return recover(remains.root.path(), ledger, 2);
}

// A start on a disk on which one call fails, and another when it is mended. `calls`: how many there
// were.
std::string start_twice(const Image& image, Ledger ledger, std::optional<Fault> fault,
                        std::vector<Call>& calls) {
  const Remains remains(image, {Fate::everything});
  Recorder& recorder = Recorder::instance();
  recorder.begin(remains.root.path());
  if (fault) recorder.set_fault(*fault);
  std::string log;
  try {
    World world(remains.root.path(), ledger, 2);
    world.run(kAfternoon);
    log = world.log();
  } catch (const std::runtime_error& error) {
    log = error.what();  // not started, with a reason
  }
  calls = recorder.calls();
  static_cast<void>(recorder.end());
  const std::string wrong = recover(remains.root.path(), ledger, 3);
  return wrong.empty() ? wrong : wrong + "before that:\n" + log;
}

// The ways in which a call may fail: all, or one that is chosen by its number.
std::vector<Fault> faults(const Rerun& rerun, Call call, std::size_t n) {
  std::vector<Fault> all;
  for (const int error : kErrors)
    for (const bool lasting : {false, true})
      if (can_end_with(call, error)) all.push_back({.call = n, .error = error, .lasting = lasting});
  if (rerun.all) return all;
  if (!rerun.at && (n + rerun.seed) % kPart != 0) return {};
  return {all[(n / kPart + rerun.seed) % all.size()]};
}

}  // namespace

TEST_CASE("failing disk: at any call, nothing is lost, and service goes on", "[crash]") {
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
        CHECK(cut(trial) == "");
        if (fault.lasting || !trial.failed_at) continue;
        // In an ordinary run at one moment after each failure, else at all.
        const std::size_t moments = trial.mended - *trial.failed_at + 1;
        for (std::size_t moment = rerun.all ? 0 : (n / kPart * 5 + rerun.seed) % moments;
             moment < moments; moment += rerun.all ? 1 : moments) {
          INFO("killed after operation " << *trial.failed_at + moment);
          CHECK(kill(trial, *trial.failed_at + moment) == "");
        }
      }
    }
    fmt::print("failing disk: {}: {} calls, {} cases\n", scenario.name, calls.size(), cases);
  }
}

TEST_CASE("failing disk: at any call of a recovery, nothing is lost", "[crash]") {
  const Rerun rerun = Rerun::from_environment();
  const std::size_t step = rerun.all ? 17 : 101;
  for (const Scenario& scenario : scenarios()) {
    const Past past = crash::play(scenario);
    Image image(past.history.root);
    std::size_t cases = 0;
    for (std::size_t position = 0; position < past.history.operations.size(); ++position) {
      image.apply(past.history.operations[position], {});
      const bool chosen = position >= past.started && position % step == rerun.seed % step;
      if (!chosen && position + 1 != past.restarted) continue;
      const Ledger ledger = past.ledger.at(position + 1);
      std::vector<Call> calls;
      CHECK(start_twice(image, ledger, std::nullopt, calls) == "");
      for (std::size_t n = 0; n < calls.size(); ++n) {
        for (const Fault& fault : faults(rerun, calls[n], n)) {
          ++cases;
          INFO(fmt::format("scenario: {}; cut after {}; POSTRIDER_CRASH_SEED={}; call {}: {} {}",
                           scenario.name, position, rerun.seed, n, name_of_error(fault.error),
                           fault.lasting ? "until it is mended" : "once"));
          std::vector<Call> ignored;
          CHECK(start_twice(image, ledger, fault, ignored) == "");
        }
      }
    }
    fmt::print("failing recovery: {}: {} cases\n", scenario.name, cases);
  }
}

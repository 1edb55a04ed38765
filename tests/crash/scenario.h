// scenario.h - what happens to an instance in a test: mail comes, is delivered, deferred, reported.
#pragma once

#include <span>
#include <string_view>

#include "tests/crash/ledger.h"
#include "tests/crash/operation.h"
#include "tests/crash/world.h"

namespace postrider::crash {

// What ends an instance between its two lives.
enum class End : std::uint8_t {
  kill,    // of all at once: nothing is written any more
  damage,  // a regular one; then the disk damages the index in queue.db, and no message
};

struct Scenario {
  std::string_view name;
  void (*play)(World& world, Ledger& ledger);
  // Where it is given: `end` comes after `play`, all is started again, and this goes on.
  void (*second_life)(World& world, Ledger& ledger) = nullptr;
  End end = End::kill;
};

std::span<const Scenario> scenarios();

// What became of an instance from its first start to its regular end.
struct Past {
  Ledger ledger;
  History history;
  std::size_t started = 0;    // operations until all was up
  std::size_t ended = 0;      // operations until the end of the first life
  std::size_t restarted = 0;  // operations until the second began; 0: there was none
};
Past play(const Scenario& scenario);

}  // namespace postrider::crash

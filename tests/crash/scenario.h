// scenario.h - what happens to an instance in a test: mail comes, is delivered, deferred, reported.
#pragma once

#include <span>
#include <string_view>

#include "tests/crash/ledger.h"
#include "tests/crash/operation.h"
#include "tests/crash/world.h"

namespace postrider::crash {

struct Scenario {
  std::string_view name;
  void (*play)(World& world, Ledger& ledger);
  // Where it is given: all is killed after `play` and started again, and this goes on.
  void (*after_kill)(World& world, Ledger& ledger) = nullptr;
};

std::span<const Scenario> scenarios();

// What became of an instance from its first start to its regular end.
struct Past {
  Ledger ledger;
  History history;
  std::size_t started = 0;  // operations until all was up
};
Past play(const Scenario& scenario);

}  // namespace postrider::crash

// scenario.h - what happens to an instance in a test: mail comes, is delivered, deferred, reported.
#pragma once

#include <span>
#include <string_view>

#include "tests/crash/ledger.h"
#include "tests/crash/world.h"

namespace postrider::crash {

struct Scenario {
  std::string_view name;
  void (*play)(World& world, Ledger& ledger);
};

std::span<const Scenario> scenarios();

}  // namespace postrider::crash

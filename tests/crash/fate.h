// fate.h - what becomes of what was not synced when the power goes.
//
// POSIX promises nothing about it. Five fates, from what journaling file systems do to the worst
// that the standard allows:
//
//   nothing    only what was synced is there
//   everything as after a killed process: all is there
//   in_order   the first k changes are there, and of the k-th write its beginning (a journal)
//   any_order  each change of a name is there or not, whatever the others did; a file has a
//              beginning of what was written to it, as file systems do that make a length durable
//              after its data
//   holes      as any_order, but the parts of a file are there or not each for itself, and a file
//              may be longer than its data: zeros
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/random.h"

namespace postrider::crash {

enum class Fate : std::uint8_t { nothing, everything, in_order, any_order, holes };

constexpr std::string_view name_of(Fate fate) noexcept {
  switch (fate) {
    case Fate::nothing: return "nothing";
    case Fate::everything: return "everything";
    case Fate::in_order: return "in_order";
    case Fate::any_order: return "any_order";
    case Fate::holes: return "holes";
  }
  return "?";
}

// A fate and the chance in it: the same draw comes to the same end.
struct Draw {
  Fate fate = Fate::nothing;
  std::uint64_t seed = 0;
};

}  // namespace postrider::crash

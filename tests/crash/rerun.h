// rerun.h - how much is run, and how one case that failed is run again.
//
//   POSTRIDER_LONG=1         every draw and every error instead of a part of them
//   POSTRIDER_CRASH_SEED=n   another chance than 1
//   POSTRIDER_CRASH_AT=n     the cases of this operation or call alone
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace postrider::crash {

struct Rerun {
  bool all = false;
  std::uint64_t seed = 1;
  std::optional<std::size_t> at;

  static Rerun from_environment() {
    Rerun rerun;
    rerun.all = std::getenv("POSTRIDER_LONG") != nullptr;
    if (const char* seed = std::getenv("POSTRIDER_CRASH_SEED")) rerun.seed = std::stoull(seed);
    if (const char* at = std::getenv("POSTRIDER_CRASH_AT")) rerun.at = std::stoull(at);
    return rerun;
  }
  bool wants(std::size_t position) const { return !at || *at == position; }
};

}  // namespace postrider::crash

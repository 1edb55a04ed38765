// work.h - one job to be: what stands in a destination's line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "queued/message.h"

namespace postrider::queued {

// Who does the work: each kind is a ring of its own.
enum class WorkKind : std::uint8_t { local, remote };

// "local", or a next hop that other servers are reached by.
inline WorkKind kind_of(const std::string& next_hop) {
  return next_hop == "local" ? WorkKind::local : WorkKind::remote;
}

// Recipients (by their index) of one message that share a next hop and a reverse-path.
struct Work {
  Message* message = nullptr;
  std::string next_hop;
  std::vector<std::uint32_t> recipients;
  std::uint64_t ordinal = 0;  // among its destination's jobs, once it is under way
  WallTime begun;             // when it was handed out, likewise
  bool forwarded = false;     // the reverse-path is Message::return_path
  bool at_its_turn = false;   // which its destination's servers have told
  bool probe = false;         // the one that asks whether a destination is back
};

}  // namespace postrider::queued

// queue_summary.h - why mail waits, in plain words: by cause, with the servers' words and the
// destinations of each. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/clock.h"
#include "common/ipc/messages.pb.h"

namespace postrider::ctl {

// The messages that wait for one reason, wherever they go.
struct WaitingReason {
  std::string state;
  std::string words;  // with DOMAIN for the names of several in which alone theirs differ
  std::string cause;  // QueueReason::name
  std::uint64_t messages = 0;
  bool at_most = false;  // one that waits for several destinations counted for each
  std::set<std::string> destinations;
  std::int64_t oldest_us = 0;
  std::int64_t next_attempt_us = 0;  // 0: they wait for no time
};

// Reasons of one cause.
struct WaitingCause {
  std::string_view means;  // a whole sentence
  std::uint64_t messages = 0;
  bool at_most = false;                // one that waits for several reasons counted for each, too
  std::vector<WaitingReason> reasons;  // those of the most messages first
};

// Those of the most messages first.
std::vector<WaitingCause> causes_of(const std::vector<ipc::SummaryRow>& rows);

// Keys are stable.
nlohmann::json to_json(const WaitingReason& reason);
// "up to 412 messages: The server for the address could not be reached."
std::string to_line(const WaitingCause& cause);
// "  400 for example.org: connection refused; the oldest 2h, next try in 12m"
std::string to_line(const WaitingReason& reason, WallTime now);

}  // namespace postrider::ctl

// trace_view.h - what is known of messages, as JSON and for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/clock.h"
#include "common/trace/search.h"
#include "ctl/trace_outcome.h"

namespace postrider::ctl {

// Everything, event by event. Keys are stable.
nlohmann::json to_json(const trace::Life& life, const std::vector<trace::Loss>& losses);
std::string to_text(const trace::Life& life, const std::vector<trace::Loss>& losses, WallTime now);

// A message among others.
struct TracedMessage {
  std::string id;
  TraceOutcome outcome;
};
// How many messages are in the same case, and for which reason.
struct TracedCase {
  std::string state, name, why;
  std::uint64_t messages = 0;
};
// Of all of them, the largest first.
std::vector<TracedCase> cases_of(const std::vector<TracedMessage>& messages);

// "<a@b> to <c@d> and 2 more"
std::string way_of(const TraceOutcome& outcome);
// "waiting for 12m03s", "delivered after 0.120s"
std::string state_of(const TraceOutcome& outcome, WallTime now);
// "0.012s", "12m03s", "3h12m", "2d03h"
std::string since_begin(std::chrono::microseconds span);

// Of all of them how many ended in which way, or wait for what; then the first `shown`, a line
// each, and why where that is not delivery.
nlohmann::json to_json(const std::vector<TracedMessage>& messages, std::size_t shown);
std::string to_text(const std::vector<TracedMessage>& messages, std::size_t shown);

}  // namespace postrider::ctl

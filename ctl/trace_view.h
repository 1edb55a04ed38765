// trace_view.h - what is known of messages, as JSON and for people.
#pragma once

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
// Of all of them how many ended in which way, or wait for what; then the first `shown`, a line
// each, and why where that is not delivery.
nlohmann::json to_json(const std::vector<TracedMessage>& messages, std::size_t shown);
std::string to_text(const std::vector<TracedMessage>& messages, std::size_t shown);

}  // namespace postrider::ctl

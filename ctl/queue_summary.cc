#include "ctl/queue_summary.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;
using std::chrono::microseconds;

// Destinations that a line names; of more it says how many.
constexpr std::size_t kNamed = 3;

json time_or_null(std::int64_t us) { return us == 0 ? json() : json(iso_time(us)); }

std::string names(const std::set<std::string>& destinations) {
  if (destinations.size() > kNamed) return fmt::format("{} destinations", destinations.size());
  return fmt::format("{}", fmt::join(destinations, ", "));
}

// The earlier; 0 is none.
std::int64_t earlier(std::int64_t a, std::int64_t b) {
  return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

}  // namespace

std::vector<WaitingReason> reasons_of(const std::vector<ipc::SummaryRow>& rows) {
  std::map<std::pair<std::string, std::string>, WaitingReason> found;
  for (const ipc::SummaryRow& row : rows) {
    WaitingReason& reason = found[{row.state(), row.reason()}];
    reason.state = row.state();
    reason.words = row.reason();
    reason.messages += row.messages();
    reason.destinations.insert(row.destination());
    reason.oldest_us = earlier(reason.oldest_us, row.oldest_us());
    reason.next_attempt_us = earlier(reason.next_attempt_us, row.next_attempt_us());
  }
  std::vector<WaitingReason> reasons;
  for (auto& [key, reason] : found) reasons.push_back(std::move(reason));
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.messages > b.messages; });
  return reasons;
}

json to_json(const WaitingReason& reason) {
  return {{"reason", reason.words},
          {"state", reason.state},
          {"messages", reason.messages},
          {"destinations", reason.destinations},
          {"oldest", time_or_null(reason.oldest_us)},
          {"next_attempt", time_or_null(reason.next_attempt_us)}};
}

std::string to_line(const WaitingReason& reason, WallTime now) {
  const microseconds since_1970 = now.time_since_epoch();
  const bool one = reason.messages == 1;
  std::string line = fmt::format(
      "{} message{} for {} {}: {}", reason.messages, one ? "" : "s",
      printable(names(reason.destinations)),
      reason.state == "held" ? (one ? "is held" : "are held") : (one ? "waits" : "wait"),
      reason.words.empty() ? "not attempted yet" : printable(reason.words));
  if (reason.oldest_us != 0)
    line +=
        fmt::format("; the oldest {}", short_duration(since_1970 - microseconds(reason.oldest_us)));
  if (reason.next_attempt_us != 0)
    line += fmt::format(", next try in {}",
                        short_duration(microseconds(reason.next_attempt_us) - since_1970));
  return line;
}

}  // namespace postrider::ctl

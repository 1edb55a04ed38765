#include "ctl/queue_summary.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/ascii.h"
#include "ctl/queue_reason.h"
#include "ctl/queue_view.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;
using std::chrono::microseconds;

// Destinations that a line names; of more it says how many.
constexpr std::size_t kNamed = 3;
constexpr std::string_view kName = "DOMAIN";

std::string names(const std::set<std::string>& destinations) {
  if (destinations.size() > kNamed) return fmt::format("{} destinations", destinations.size());
  return fmt::format("{}", fmt::join(destinations, ", "));
}

// The earlier; 0 is none.
std::int64_t earlier(std::int64_t a, std::int64_t b) {
  return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

// A message may stand in several rows.
template <typename Waiting>
void count(Waiting& waiting, const ipc::SummaryRow& row) {
  waiting.at_most = waiting.messages > 0 || is_of_others(row);
  waiting.messages += row.messages();
}

std::string number(bool at_most, std::uint64_t messages) {
  return fmt::format("{}{}", at_most ? "up to " : "", messages);
}

template <typename Waiting>
std::vector<Waiting> most_first(std::map<std::string, Waiting> found) {
  std::vector<Waiting> all;
  for (auto& [key, one] : found) all.push_back(std::move(one));
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.messages > b.messages; });
  return all;
}

bool is_of_name(char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; }

// The words with kName in the place of the destination, so that those of many that are in the same
// trouble are the same.
std::string shared_words(const ipc::SummaryRow& row) {
  const std::string& name = row.destination();
  std::string_view rest = row.reason();
  // What queued says of an outage ends in the time, which differs too.
  if (rest.starts_with("waiting for ") && rest.ends_with(" UTC"))
    rest = rest.substr(0, rest.rfind(" since "));
  std::string words;
  while (!rest.empty()) {
    const std::size_t at = name.empty() ? std::string_view::npos : rest.find(name);
    if (at == std::string_view::npos) break;
    const bool begins = at == 0 || !is_of_name(rest[at - 1]);
    const bool ends = at + name.size() == rest.size() || !is_of_name(rest[at + name.size()]);
    words.append(rest.substr(0, at)).append(begins && ends ? kName : name);
    rest.remove_prefix(at + name.size());
  }
  return words.append(rest);
}

void add(WaitingReason& reason, const std::string& shared, const ipc::SummaryRow& row) {
  reason.state = row.state();
  const bool differs = !reason.destinations.empty() && reason.words != row.reason();
  reason.words = differs ? shared : row.reason();
  reason.cause = reason_of(row).name;
  count(reason, row);
  reason.destinations.insert(row.destination());
  reason.oldest_us = earlier(reason.oldest_us, row.oldest_us());
  reason.next_attempt_us = earlier(reason.next_attempt_us, row.next_attempt_us());
}

}  // namespace

std::vector<WaitingCause> causes_of(const std::vector<ipc::SummaryRow>& rows) {
  std::map<std::string, WaitingCause> causes;
  std::map<std::string, std::map<std::string, WaitingReason>> reasons;
  for (const ipc::SummaryRow& row : rows) {
    const QueueReason why = reason_of(row);
    const std::string cause(why.name);
    causes[cause].means = why.means;
    count(causes[cause], row);
    const std::string shared = shared_words(row);
    add(reasons[cause][shared], shared, row);
  }
  for (auto& [name, cause] : causes) cause.reasons = most_first(std::move(reasons[name]));
  return most_first(std::move(causes));
}

json to_json(const WaitingReason& reason) {
  return {{"cause", reason.cause},
          {"reason", reason.words},
          {"state", reason.state},
          {"messages", reason.messages},
          {"at_most", reason.at_most},
          {"destinations", reason.destinations},
          {"oldest", time_or_null(reason.oldest_us)},
          {"next_attempt", time_or_null(reason.next_attempt_us)}};
}

std::string to_line(const WaitingCause& cause) {
  return fmt::format("{} message{}: {}", number(cause.at_most, cause.messages),
                     cause.messages == 1 ? "" : "s", cause.means);
}

std::string to_line(const WaitingReason& reason, WallTime now) {
  const microseconds since_1970 = now.time_since_epoch();
  std::string line = fmt::format("  {} for {}", number(reason.at_most, reason.messages),
                                 printable(names(reason.destinations)));
  if (!reason.words.empty()) line += fmt::format(": {}", printable(reason.words));
  if (reason.oldest_us != 0)
    line +=
        fmt::format("; the oldest {}", short_duration(since_1970 - microseconds(reason.oldest_us)));
  if (reason.next_attempt_us != 0)
    line += fmt::format(", next try in {}",
                        short_duration(microseconds(reason.next_attempt_us) - since_1970));
  return line;
}

}  // namespace postrider::ctl

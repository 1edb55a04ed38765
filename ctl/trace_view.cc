#include "ctl/trace_view.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/timestamp.h"
#include "common/trace/belonging.h"
#include "ctl/terminal.h"
#include "ctl/trace_words.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;
using trace::Event;

std::int64_t whole_ms(std::chrono::microseconds span) {
  return std::chrono::floor<std::chrono::milliseconds>(span).count();
}

json text_or_null(const std::string& text) { return text.empty() ? json() : json(text); }

json dialogue_json(std::string_view text) {
  json lines = json::array();
  for (const DialogueLine& line : dialogue_of(text))
    lines.push_back({{"ms", line.ms}, {"who", line.who}, {"text", line.text}});
  return lines;
}

json event_json(const Event& event, WallTime began) {
  json values = json::object();
  for (const auto& [key, value] : event.values)
    values[key] = key == "dialogue" ? dialogue_json(value) : json(value);
  return {{"time", to_timestamp(event.time)}, {"since_ms", whole_ms(event.time - began)},
          {"process", event.process},         {"event", event.name},
          {"words", words_for(event)},        {"values", std::move(values)}};
}

json outcome_json(const std::string& id, const TraceOutcome& outcome) {
  json recipients = json::array();
  for (const auto& [address, recipient] : outcome.recipients)
    recipients.push_back({{"address", address},
                          {"state", recipient.state},
                          {"status", recipient.status},
                          {"reply", recipient.reply},
                          {"remote", recipient.remote}});
  return {{"id", id},
          {"state", outcome.state},
          {"reason", text_or_null(outcome.name)},
          {"why", text_or_null(outcome.why)},
          {"said", text_or_null(outcome.said)},
          {"next_attempt", text_or_null(outcome.until)},
          {"sender", outcome.from},
          {"recipients", std::move(recipients)},
          {"began", to_timestamp(outcome.began)},
          {"last", to_timestamp(outcome.last)}};
}

// Why, what was said, and when it goes on: what is more than the state itself.
std::string reason_text(const TraceOutcome& outcome) {
  std::string text;
  if (!outcome.why.empty()) text += fmt::format("    {}\n", printable(outcome.why));
  if (!outcome.said.empty() && outcome.state != "delivered")
    text += fmt::format("    {}\n", printable(outcome.said));
  if (!outcome.until.empty())
    text += fmt::format("    next attempt {}\n", printable(outcome.until));
  return text;
}

std::string loss_text(const trace::Loss& loss) {
  return fmt::format("Not all is known: between {} and {} events were given up ({}).\n",
                     to_timestamp(loss.since), to_timestamp(loss.until),
                     short_size(static_cast<std::uint64_t>(loss.octets)));
}

std::string event_text(const Event& event, WallTime began) {
  std::string text = fmt::format("{:>9}  {:15}  {}\n", since_begin(event.time - began),
                                 printable(event.process), printable(words_for(event)));
  for (const DialogueLine& line : dialogue_of(trace::value_of(event.values, "dialogue")))
    text += fmt::format("{:>9}  {:15}  {:>8} {} {}\n", "", "", fmt::format("{}ms", line.ms),
                        line.who == "client"   ? ">"
                        : line.who == "server" ? "<"
                                               : "*",
                        printable(line.text));
  return text;
}

}  // namespace

std::string since_begin(std::chrono::microseconds span) {
  const auto ms = whole_ms(span);
  const auto seconds = ms / 1000;
  if (seconds < 60) return fmt::format("{}.{:03}s", seconds, ms % 1000);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d{:02}h", seconds / 86400, seconds / 3600 % 24);
}

std::string way_of(const TraceOutcome& outcome) {
  if (outcome.recipients.empty())
    return outcome.state == "session" ? "no message" : fmt::format("<{}>", outcome.from);
  std::string text = fmt::format("<{}> to <{}>", outcome.from, outcome.recipients.begin()->first);
  if (outcome.recipients.size() > 1)
    text += fmt::format(" and {} more", outcome.recipients.size() - 1);
  return text;
}

std::string state_of(const TraceOutcome& outcome, WallTime now) {
  const bool open =
      outcome.state == "waiting" || outcome.state == "held" || outcome.state == "active";
  return fmt::format("{} {} {}", outcome.state, open ? "for" : "after",
                     since_begin((open ? now : outcome.last) - outcome.began));
}

std::vector<TracedCase> cases_of(const std::vector<TracedMessage>& messages) {
  std::map<std::pair<std::string, std::string>, TracedCase> cases;
  for (const TracedMessage& message : messages) {
    const TraceOutcome& outcome = message.outcome;
    TracedCase& one = cases[{outcome.state, outcome.name}];
    one.state = outcome.state;
    one.name = outcome.name;
    one.why = outcome.why;
    ++one.messages;
  }
  std::vector<TracedCase> sorted;
  for (auto& [key, one] : cases) sorted.push_back(std::move(one));
  std::stable_sort(sorted.begin(), sorted.end(), [](const TracedCase& a, const TracedCase& b) {
    return a.messages > b.messages;
  });
  return sorted;
}

json to_json(const trace::Life& life, const std::vector<trace::Loss>& losses) {
  const TraceOutcome outcome = outcome_of(life);
  json document = outcome_json(life.id, outcome);
  json events = json::array();
  for (const Event& event : life.events) events.push_back(event_json(event, outcome.began));
  json lost = json::array();
  for (const trace::Loss& loss : losses)
    lost.push_back({{"since", to_timestamp(loss.since)},
                    {"until", to_timestamp(loss.until)},
                    {"octets", loss.octets}});
  document["events"] = std::move(events);
  document["losses"] = std::move(lost);
  document["left_out"] = life.left_out;
  return document;
}

std::string to_text(const trace::Life& life, const std::vector<trace::Loss>& losses, WallTime now) {
  const TraceOutcome outcome = outcome_of(life);
  std::string text = fmt::format("{}  {}\n{}\n", printable(life.id), printable(way_of(outcome)),
                                 printable(state_of(outcome, now)));
  text += reason_text(outcome);
  for (const trace::Loss& loss : losses) text += loss_text(loss);
  if (life.left_out > 0)
    text +=
        fmt::format("Not all is shown: {} events between the first and the last.\n", life.left_out);
  text += fmt::format("\nbegan {}\n", to_timestamp(outcome.began));
  for (const Event& event : life.events) text += event_text(event, outcome.began);
  return text;
}

json to_json(const std::vector<TracedMessage>& messages, std::size_t shown) {
  json cases = json::array();
  for (const TracedCase& one : cases_of(messages))
    cases.push_back({{"state", one.state},
                     {"reason", text_or_null(one.name)},
                     {"why", text_or_null(one.why)},
                     {"messages", one.messages}});
  json listed = json::array();
  for (const TracedMessage& message : messages) {
    if (listed.size() == shown) break;
    listed.push_back(outcome_json(message.id, message.outcome));
  }
  return {{"count", messages.size()}, {"cases", std::move(cases)}, {"messages", std::move(listed)}};
}

std::string to_text(const std::vector<TracedMessage>& messages, std::size_t shown) {
  std::string text;
  for (const TracedCase& one : cases_of(messages)) {
    text += fmt::format("{} {}", one.messages, printable(one.state));
    text += one.why.empty() ? "\n" : fmt::format(": {}\n", printable(one.why));
  }
  text += '\n';
  std::size_t left = std::min(shown, messages.size());
  for (const TracedMessage& message : messages) {
    if (left-- == 0) break;
    text += fmt::format("{}  {}  {:9}  {}\n", to_timestamp(message.outcome.began),
                        printable(message.id), printable(message.outcome.state),
                        printable(way_of(message.outcome)));
    text += reason_text(message.outcome);
  }
  if (messages.size() > shown)
    text += fmt::format("and {} older (--all shows them)\n", messages.size() - shown);
  return text;
}

}  // namespace postrider::ctl

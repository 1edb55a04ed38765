// page_queue.cc - the sections of the status page about the queue: why mail waits, which servers
// cannot be reached, how old it is, and what was returned.
#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "ctl/monitor/page.h"
#include "ctl/monitor/page_pieces.h"
#include "ctl/queue_advice.h"
#include "ctl/queue_reason.h"
#include "ctl/queue_summary.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using std::chrono::microseconds;

constexpr std::string_view kSilent = "Not known: queued does not answer.";
// Reasons that stand below a cause, and destinations that one names.
constexpr std::size_t kReasons = 4;
constexpr std::size_t kShownDestinations = 4;

std::string grouped_number(bool at_most, std::uint64_t messages) {
  return fmt::format("{}{}", at_most ? "up to " : "", grouped(messages));
}

// Of what is in the queue, what does not move.
std::vector<WaitingCause> stuck(const QueuePicture& queue) {
  std::vector<ipc::SummaryRow> rows;
  std::copy_if(queue.waiting.begin(), queue.waiting.end(), std::back_inserter(rows),
               [](const ipc::SummaryRow& row) { return row.state() != "active"; });
  return causes_of(rows);
}

Html destinations(const WaitingReason& reason) {
  Html html;
  html.add("<span class=\"for\">for ");
  std::size_t named = 0;
  for (const std::string& name : reason.destinations) {
    if (named == kShownDestinations) break;
    html.add(std::string_view(named++ == 0 ? "" : ", "), "<bdi>", name, "</bdi>");
  }
  if (reason.destinations.size() > kShownDestinations)
    html.add(" and ", grouped(reason.destinations.size() - kShownDestinations), " more");
  return html.add("</span>");
}

Html times(const WaitingReason& reason, WallTime now) {
  Html html;
  return html.add("<td class=\"num\" data-label=\"oldest\">", since(reason.oldest_us, now),
                  "</td><td class=\"num\" data-label=\"next try\">",
                  until(reason.next_attempt_us, now), "</td></tr>");
}

// A row for the cause, and where it has several reasons one for each, as far as they are shown.
void add_cause(Html& html, const WaitingCause& cause, WallTime now) {
  const WaitingReason& first = cause.reasons.front();
  const bool alone = cause.reasons.size() == 1;
  html.add("<tr class=\"cause\"><td class=\"num count\">",
           grouped_number(cause.at_most, cause.messages), "</td><td class=\"why\"><b>", cause.means,
           "</b> <span class=\"advice\">", with_commands(advice_on(first.cause)), "</span>");
  if (alone) {
    html.add(destinations(first), words(first.words), "</td>", times(first, now));
    return;
  }
  html.add("</td><td></td><td></td></tr>");
  const std::size_t shown = std::min(kReasons, cause.reasons.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const WaitingReason& one = cause.reasons[i];
    html.add("<tr class=\"reason\"><td class=\"num\">", grouped_number(one.at_most, one.messages),
             "</td><td class=\"why\">", destinations(one), words(one.words), "</td>",
             times(one, now));
  }
  if (shown < cause.reasons.size())
    html.add("<tr class=\"reason\"><td></td><td class=\"why\"><span class=\"for\">and ",
             counted(cause.reasons.size() - shown, "other reason"),
             " of this kind</span></td><td></td><td></td></tr>");
}

}  // namespace

Html waiting_section(const Survey& survey) {
  constexpr std::string_view kTitle = "Why mail waits";
  if (!survey.queued_answers()) return section_without(kTitle, kSilent);
  const auto causes = stuck(survey.queue);
  if (causes.empty()) return section_without(kTitle, "Nothing waits: all goes at once.");
  Html html = table_head(kTitle, {}, "stack causes");
  html.add(
      "<th class=\"num\">messages</th><th>why, and what mends it</th><th class=\"num\">oldest</th>"
      "<th class=\"num\">next try</th></tr></thead><tbody>");
  for (const WaitingCause& cause : causes) {
    if (&cause != &causes.front()) html.add("</tbody><tbody>");
    add_cause(html, cause, survey.time);
  }
  return html.add(table_end());
}

Html outages_section(const Survey& survey) {
  constexpr std::string_view kTitle = "Servers that cannot be reached";
  const auto& outages = survey.queue.outages;
  if (!survey.queued_answers()) return section_without(kTitle, kSilent);
  if (outages.empty()) return section_without(kTitle, "None.");
  const std::size_t shown = std::min(kPageRows, outages.size());
  Html html = table_head(kTitle,
                         outages.size() == shown
                             ? std::string()
                             : fmt::format("the first {} of {}", shown, grouped(outages.size())),
                         "stack");
  html.add(
      "<th>server</th><th>why</th><th class=\"num\">messages</th><th class=\"num\">since</th>"
      "<th class=\"num\">next try</th></tr></thead><tbody>");
  for (std::size_t i = 0; i < shown; ++i) {
    const ipc::Outage& one = outages[i];
    html.add("<tr><td class=\"name\"><bdi>", one.destination(), "</bdi></td><td class=\"why\">",
             words(one.reason()), "</td><td class=\"num\" data-label=\"messages\">",
             grouped(one.messages()), "</td><td class=\"num\" data-label=\"since\">",
             since(one.since_us(), survey.time), "</td><td class=\"num\" data-label=\"next try\">",
             until(one.next_probe_us(), survey.time), "</td></tr>");
  }
  return html.add(table_end());
}

// Cells are tinted by their share of the fullest.
Html ages_section(const Survey& survey) {
  constexpr std::string_view kTitle = "The queue by state and age";
  std::uint64_t most = 0;
  std::map<std::string, std::vector<const ipc::AgeCount*>> by_state;
  for (const ipc::AgeCount& age : survey.queue.ages) {
    most = std::max(most, age.messages());
    by_state[age.state()].push_back(&age);
  }
  if (by_state.empty()) return section_without(kTitle, kSilent);
  if (most == 0) return section_without(kTitle, "The queue is empty.");
  Html html = table_head(kTitle, {}, "heat");
  html.add("<th></th>");
  microseconds bound{0};
  for (const ipc::AgeCount* age : by_state.begin()->second) {
    const microseconds next(age->younger_than_us());
    html.add("<th scope=\"col\">",
             next.count() == 0 ? fmt::format("over {}", short_duration(bound))
             : bound.count() == 0
                 ? fmt::format("under {}", short_duration(next))
                 : fmt::format("{} – {}", short_duration(bound), short_duration(next)),
             "</th>");
    bound = next;
  }
  html.add("</tr></thead><tbody>");
  for (const auto& [state, ages] : by_state) {
    html.add("<tr><th scope=\"row\">", state, "</th>");
    for (const ipc::AgeCount* age : ages) {
      const std::uint64_t heat = age->messages() == 0 ? 0 : 1 + (age->messages() * 4 - 1) / most;
      html.add("<td class=\"h", std::min<std::uint64_t>(heat, 4), "\">", grouped(age->messages()),
               "</td>");
    }
    html.add("</tr>");
  }
  return html.add(table_end());
}

Html failures_section(const Survey& survey) {
  constexpr std::string_view kTitle = "Returned lately";
  const auto& failures = survey.queue.failures;
  if (!survey.queued_answers()) return section_without(kTitle, kSilent);
  if (failures.empty()) return section_without(kTitle, "Nothing since queued was started.");
  Html html = table_head(kTitle, {}, "stack");
  html.add(
      "<th>when</th><th>recipient</th><th>sender</th><th>why</th></tr></thead>"
      "<tbody>");
  for (std::size_t i = 0; i < std::min(kPageRows, failures.size()); ++i) {
    const ipc::Failure& one = failures[i];
    html.add("<tr><td class=\"nowrap dim\">", since(one.time_us(), survey.time),
             " ago</td><td class=\"name\"><bdi>", one.recipient(),
             "</bdi></td><td class=\"name dim\"><bdi>",
             one.sender().empty() ? std::string("<>") : one.sender(),
             "</bdi></td><td class=\"why\">",
             one.expired() ? std::string_view("Given up after the lifetime. ") : std::string_view(),
             reason_of(one.status(), one.reply()).means, words(one.reply()), "</td></tr>");
  }
  return html.add(table_end());
}

}  // namespace postrider::ctl

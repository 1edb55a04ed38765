// page_sections.cc - the parts of the status page, from top to bottom.
#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "common/quota/thresholds.h"
#include "ctl/mailbox_rooms.h"
#include "ctl/monitor/chart.h"
#include "ctl/monitor/page.h"
#include "ctl/queue_reason.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

// Rows of a table; the command shows all.
constexpr std::size_t kRows = 20;

std::string ago(std::int64_t us, WallTime now) {
  return short_duration(now.time_since_epoch() - microseconds(us));
}

std::string in(std::int64_t us, WallTime now) {
  const microseconds left = microseconds(us) - now.time_since_epoch();
  return left.count() <= 0 ? std::string("now") : fmt::format("in {}", short_duration(left));
}

// "1 234 567"
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, "\u202f");
  return text;
}

// For a minute, of what is for a second; a dash where it is not known.
std::string per_minute(std::optional<double> rate) {
  if (!rate) return "–";
  const double value = *rate * 60;
  if (value >= 100 || value == 0) return grouped(static_cast<std::uint64_t>(value + 0.5));
  return fmt::format("{:.{}f}", value, value < 9.95 ? 1 : 0);
}

Html tile(std::string_view name, std::string_view number, std::string_view unit,
          std::string_view also, const Html& shape) {
  Html html;
  return html.add("<dl class=\"tile\"><dt>", name, "</dt><dd class=\"n\">", number, "<small>", unit,
                  "</small></dd><dd class=\"also\">", also, "</dd><dd>", shape, "</dd></dl>");
}

// A section that says in a line that there is nothing.
Html section_without(std::string_view title, std::string_view none) {
  Html html;
  return html.add("<section><h2>", title, "</h2><p class=\"none\">", none, "</p></section>");
}

// `style`: "stack" for rows that become paragraphs where the page is narrow, "heat", or empty.
Html table_head(std::string_view title, std::string_view also, std::string_view style) {
  Html html;
  html.add("<section><h2>", title);
  if (!also.empty()) html.add(" <span class=\"dim\">", also, "</span>");
  return html.add("</h2><div class=\"scroll\"><table class=\"", style, "\"><thead><tr>");
}

// What stands between backticks is to be typed.
Html with_commands(std::string_view text) {
  Html html;
  for (bool typed = false; !text.empty(); typed = !typed) {
    const std::string_view part = text.substr(0, text.find('`'));
    typed ? html.add("<code>", part, "</code>") : html.add(part);
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return html;
}

// What waits for a destination that cannot be reached, or that refuses for now.
struct Trouble {
  std::string destination;
  std::uint64_t messages = 0;
  bool at_most = false;
  std::string_view means;  // in plain words
  std::string words;       // the server's, or ours
  std::int64_t oldest_us = 0;
  std::int64_t next_us = 0;
};

std::vector<Trouble> troubles_of(const QueuePicture& queue) {
  std::vector<Trouble> troubles;
  for (const ipc::Outage& outage : queue.outages)
    troubles.push_back({outage.destination(), outage.messages(), false,
                        "It cannot be reached; all mail for it waits.", outage.reason(),
                        outage.since_us(), outage.next_probe_us()});
  for (const ipc::SummaryRow& row : queue.waiting) {
    if (row.state() != "deferred" || row.reason().empty()) continue;
    troubles.push_back({row.destination(), row.messages(), is_of_others(row), reason_of(row).means,
                        row.reason(), row.oldest_us(), row.next_attempt_us()});
  }
  std::stable_sort(troubles.begin(), troubles.end(),
                   [](const Trouble& a, const Trouble& b) { return a.messages > b.messages; });
  return troubles;
}

}  // namespace

Html warnings_section(const std::vector<Warning>& warnings) {
  Html html;
  if (warnings.empty()) return html;
  html.add("<ul class=\"warnings\">");
  for (const Warning& warning : warnings)
    html.add("<li class=\"", name_of(warning.weight), "\"><b>", warning.what, "</b>",
             with_commands(warning.mend), "</li>");
  return html.add("</ul>");
}

Html tiles(const Survey& survey, const Samples& samples) {
  const auto now = [&](Series series) {
    return per_minute(rate(samples, survey.sample, series, std::chrono::minutes{1}));
  };
  const auto hour = [&](Series series) {
    return grouped(growth(samples, survey.sample, series, std::chrono::hours{1}));
  };
  const auto grown = [&](Series series) { return growth_by_minute(samples, survey.time, series); };
  const ipc::QueueStatus& queue = survey.queue.status;
  const bool known = survey.queued_answers();
  const auto connections = survey.reading.sum(metrics::Gauge::connections);
  const auto under_tls = survey.reading.sum(metrics::Gauge::tls_sessions);
  Html html;
  html.add("<div class=\"tiles\">");
  html.add(tile("Accepted", now(Series::accepted), "a minute",
                hour(Series::accepted) + " in the hour", sparkline(grown(Series::accepted), "a")));
  html.add(tile("Delivered", now(Series::delivered), "a minute",
                hour(Series::delivered) + " in the hour",
                sparkline(grown(Series::delivered), "b")));
  html.add(tile("Returned", hour(Series::failed), "in the hour",
                hour(Series::refused) + " refused before", sparkline(grown(Series::failed), "c")));
  html.add(tile("Connections",
                grouped(static_cast<std::uint64_t>(std::max<std::int64_t>(0, connections))), "now",
                fmt::format("{} under TLS", std::max<std::int64_t>(0, under_tls)),
                sparkline(grown(Series::connections), "a")));
  html.add(tile("Read by POP3", now(Series::retrieved), "a minute",
                hour(Series::logins) + " logins in the hour",
                sparkline(grown(Series::retrieved), "b")));
  html.add(tile(
      "In the queue",
      known ? grouped(queue.active() + queue.deferred() + queue.held()) : std::string("–"), "now",
      !known                   ? std::string("queued does not answer")
      : queue.oldest_us() == 0 ? std::string("nothing waits")
                               : "the oldest " + ago(queue.oldest_us(), survey.time),
      sparkline(level_by_minute(samples, survey.time, Series::queue_deferred), "c")));
  return html.add("</div>");
}

Html charts(const Samples& samples, WallTime now) {
  const auto grown = [&](Series series) { return growth_by_minute(samples, now, series); };
  const auto level = [&](Series series) { return level_by_minute(samples, now, series); };
  Html html;
  return html.add("<div class=\"two\">",
                  chart("Mail, a minute", " a minute",
                        {{"accepted", "a", grown(Series::accepted)},
                         {"delivered", "b", grown(Series::delivered)},
                         {"deferred", "c", grown(Series::deferred)}}),
                  chart("Messages in the queue", " messages",
                        {{"deferred", "a", level(Series::queue_deferred)},
                         {"active", "b", level(Series::queue_active)},
                         {"held", "c", level(Series::queue_held)}}),
                  "</div>");
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
  if (by_state.empty()) return section_without(kTitle, "queued does not answer.");
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
  return html.add("</tbody></table></div></section>");
}

Html destinations_section(const Survey& survey) {
  constexpr std::string_view kTitle = "Destinations in trouble";
  const auto troubles = troubles_of(survey.queue);
  if (troubles.empty())
    return section_without(kTitle, survey.queued_answers() ? "None: nothing waits for a server."
                                                           : "queued does not answer.");
  const std::size_t shown = std::min(kRows, troubles.size());
  Html html = table_head(
      kTitle,
      troubles.size() == shown ? std::string() : fmt::format("{} of {}", shown, troubles.size()),
      "stack");
  html.add(
      "<th>destination</th><th class=\"num\">messages</th><th>why</th>"
      "<th class=\"num\">oldest</th><th class=\"num\">next try</th></tr></thead><tbody>");
  for (std::size_t i = 0; i < shown; ++i) {
    const Trouble& one = troubles[i];
    html.add("<tr><td class=\"name\"><bdi>", one.destination,
             "</bdi></td><td class=\"num\" data-label=\"messages\">",
             std::string(one.at_most ? "up to " : ""), grouped(one.messages),
             "</td><td class=\"why\">", one.means, "<span class=\"words\"><bdi>", one.words,
             "</bdi></span></td><td class=\"num\" data-label=\"oldest\">",
             one.oldest_us == 0 ? std::string("–") : ago(one.oldest_us, survey.time),
             "</td><td class=\"num\" data-label=\"next try\">",
             one.next_us == 0 ? std::string("–") : in(one.next_us, survey.time), "</td></tr>");
  }
  return html.add("</tbody></table></div></section>");
}

Html failures_section(const Survey& survey) {
  constexpr std::string_view kTitle = "Returned lately";
  const auto& failures = survey.queue.failures;
  if (failures.empty())
    return section_without(kTitle, survey.queued_answers() ? "Nothing since queued was started."
                                                           : "queued does not answer.");
  Html html = table_head(kTitle, {}, "stack");
  html.add(
      "<th>when</th><th>recipient</th><th>sender</th><th>why</th></tr></thead>"
      "<tbody>");
  for (std::size_t i = 0; i < std::min(kRows, failures.size()); ++i) {
    const ipc::Failure& one = failures[i];
    html.add("<tr><td class=\"nowrap dim\">", ago(one.time_us(), survey.time),
             " ago</td><td class=\"name\"><bdi>", one.recipient(),
             "</bdi></td><td class=\"name dim\"><bdi>",
             one.sender().empty() ? std::string("<>") : one.sender(),
             "</bdi></td><td class=\"why\">",
             one.expired() ? std::string_view("Given up after the lifetime. ") : std::string_view(),
             reason_of(one.status(), one.reply()).means, "<span class=\"words\"><bdi>", one.reply(),
             "</bdi></span></td></tr>");
  }
  return html.add("</tbody></table></div></section>");
}

Html mailboxes_section(const Survey& survey) {
  Html html;
  if (survey.nearly_full.empty()) return html;
  html = table_head("Mailboxes nearly full", {}, {});
  html.add("<th>mailbox</th><th>used</th><th></th></tr></thead><tbody>");
  for (const quota::Room& room : survey.nearly_full) {
    const std::uint64_t percent = quota::percent_of(room.used, room.limit);
    html.add("<tr><td class=\"name\">", room.mailbox, "</td><td>", described(&room, room.limit),
             "</td><td><meter min=\"0\" max=\"100\" low=\"80\" high=\"95\" optimum=\"0\" value=\"",
             std::min<std::uint64_t>(percent, 100), "\">", percent, " %</meter></td></tr>");
  }
  return html.add("</tbody></table></div></section>");
}

Html processes_section(const Survey& survey) {
  const auto& lives = survey.reading.lives;
  if (lives.empty()) return section_without("What runs", "Nothing.");
  Html html = table_head("What runs", {}, {});
  html.add(
      "<th>process</th><th class=\"num\">worker</th><th class=\"num\">pid</th>"
      "<th class=\"num\">since</th><th class=\"num\">connections</th>"
      "<th class=\"num\">jobs</th><th class=\"num\">memory</th>"
      "<th class=\"num\">processor</th><th>version</th></tr></thead><tbody>");
  const auto number = [](std::int64_t value) {
    return value <= 0 ? std::string("–") : grouped(static_cast<std::uint64_t>(value));
  };
  for (std::size_t i = 0; i < lives.size(); ++i) {
    const metrics::Life& life = lives[i];
    const auto& use = survey.uses[i];
    html.add("<tr><td class=\"name\">", life.process, "</td><td class=\"num\">", life.worker,
             "</td><td class=\"num\">", life.pid, "</td><td class=\"num\">",
             short_duration(survey.time - life.started), "</td><td class=\"num\">",
             number(life[metrics::Gauge::connections]), "</td><td class=\"num\">",
             number(life[metrics::Gauge::jobs]), "</td><td class=\"num\">",
             use ? short_size(use->resident) : std::string("–"), "</td><td class=\"num\">",
             use ? fmt::format("{:.1f} s", use->cpu_seconds) : std::string("–"),
             "</td><td class=\"dim\">", life.version, "</td></tr>");
  }
  return html.add("</tbody></table></div></section>");
}

}  // namespace postrider::ctl

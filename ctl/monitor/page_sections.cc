// page_sections.cc - the sections of the status page about what happens on this host; those about
// the queue are in page_queue.cc.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "common/quota/thresholds.h"
#include "ctl/mailbox_rooms.h"
#include "ctl/monitor/chart.h"
#include "ctl/monitor/page.h"
#include "ctl/monitor/page_pieces.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

// For a minute, of what is for a second; a dash where it is not known.
std::string per_minute(std::optional<double> rate) {
  if (!rate) return std::string(kUnknown);
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
      known ? grouped(queue.active() + queue.deferred() + queue.held()) : std::string(kUnknown),
      "now",
      !known                   ? std::string("queued does not answer")
      : queue.oldest_us() == 0 ? std::string("nothing waits")
                               : "the oldest " + since(queue.oldest_us(), survey.time),
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

Html mailboxes_section(const Survey& survey) {
  constexpr std::string_view kTitle = "Mailboxes nearly full";
  const auto& rooms = survey.nearly_full;
  if (!rooms) return section_without(kTitle, "Not known: " + rooms.error().text);
  if (rooms->empty()) return {};
  Html html = table_head(kTitle, {}, {});
  html.add("<th>mailbox</th><th>used</th><th></th></tr></thead><tbody>");
  for (const quota::Room& room : *rooms) {
    const std::uint64_t percent = quota::percent_of(room.used, room.limit);
    html.add("<tr><td class=\"name\">", room.mailbox, "</td><td>", described(&room, room.limit),
             "</td><td><meter min=\"0\" max=\"100\" low=\"80\" high=\"95\" optimum=\"0\" value=\"",
             std::min<std::uint64_t>(percent, 100), "\">", percent, " %</meter></td></tr>");
  }
  return html.add(table_end());
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
    return value <= 0 ? std::string(kUnknown) : grouped(static_cast<std::uint64_t>(value));
  };
  for (std::size_t i = 0; i < lives.size(); ++i) {
    const metrics::Life& life = lives[i];
    const auto& use = survey.uses[i];
    html.add("<tr><td class=\"name\">", life.process, "</td><td class=\"num\">", life.worker,
             "</td><td class=\"num\">", life.pid, "</td><td class=\"num\">",
             short_duration(survey.time - life.started), "</td><td class=\"num\">",
             number(life[metrics::Gauge::connections]), "</td><td class=\"num\">",
             number(life[metrics::Gauge::jobs]), "</td><td class=\"num\">",
             use ? short_size(use->resident) : std::string(kUnknown), "</td><td class=\"num\">",
             use ? fmt::format("{:.1f} s", use->cpu_seconds) : std::string(kUnknown),
             "</td><td class=\"dim\">", life.version, "</td></tr>");
  }
  return html.add(table_end());
}

}  // namespace postrider::ctl

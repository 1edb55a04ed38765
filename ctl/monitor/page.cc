#include "ctl/monitor/page.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/daemon.h"
#include "ctl/monitor/http_answer.h"
#include "ctl/monitor/page_pieces.h"
#include "ctl/monitor/page_style.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using Weight = Warning::Weight;

std::string count_of(const std::vector<Warning>& warnings, Weight weight) {
  const auto n = std::count_if(warnings.begin(), warnings.end(),
                               [&](const Warning& one) { return one.weight == weight; });
  return std::to_string(n);
}

// The whole page in three words.
Html verdict(const std::vector<Warning>& warnings) {
  Html html;
  const Weight worst = warnings.empty() ? Weight::note : warnings.front().weight;
  if (warnings.empty()) return html.add("<span class=\"pill good\">All is well</span>");
  if (worst == Weight::note)
    return html.add("<span class=\"pill note\">It runs, with ", counted(warnings.size(), "note"),
                    "</span>");
  if (worst == Weight::soon)
    return html.add("<span class=\"pill soon\">", count_of(warnings, worst),
                    " to be mended soon</span>");
  return html.add("<span class=\"pill bad\">", count_of(warnings, worst),
                  " to be mended now</span>");
}

Html head(const config::Settings& settings, std::string_view title, bool refreshes) {
  Html html;
  html.add(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\">");
  if (refreshes) html.add("<meta http-equiv=\"refresh\" content=\"", kRefresh.count(), "\">");
  return html.add("<title>", title, " – ", settings.hostname, "</title><style>")
      .add_markup(kPageStyle)
      .add("</style></head><body>");
}

Html search_form(std::string_view query) {
  Html html;
  return html.add(
      "<section><h2><label for=\"q\">Where is a message?</label></h2>"
      "<form action=\"/trace\" method=\"get\"><input id=\"q\" name=\"q\" value=\"",
      query,
      "\" placeholder=\"an address, a message’s id, or a Message-ID\" "
      "maxlength=\"200\" required><button>Search</button></form></section>");
}

Html when(const PageModel& model) {
  Html html;
  const std::string time = iso_time(model.survey.time.time_since_epoch().count());
  html.add("<span class=\"when\">as of <time datetime=\"", time, "\">", time.substr(11, 8),
           " UTC</time>");
  if (model.refreshes)
    return html.add(", again every ", kRefresh.count(),
                    " s · <a href=\"/?refresh=off\">stop that</a></span>");
  return html.add(" · <a href=\"/?refresh=off\">look again</a> · <a href=\"/\">every ",
                  kRefresh.count(), " s</a></span>");
}

Html footer() {
  Html html;
  return html.add("<footer><span>Postrider ", config::version(),
                  "</span><a href=\"/metrics\">metrics for Prometheus</a>"
                  "<span>the same in a terminal: postrider status, postrider top</span></footer>"
                  "</body></html>\n");
}

}  // namespace

std::string status_page(const PageModel& model) {
  const Survey& survey = model.survey;
  const auto warnings = warnings_of(survey, model.samples, model.settings);
  Html html;
  html.add(head(model.settings, "Postrider", model.refreshes), "<header><h1>Postrider <span>",
           model.settings.hostname, "</span></h1>", verdict(warnings), when(model),
           "</header><main>", warnings_section(warnings), tiles(survey, model.samples),
           waiting_section(survey), charts(model.samples, survey.time));
  if (model.can_trace) html.add(search_form({}));
  html.add(outages_section(survey), ages_section(survey), failures_section(survey),
           mailboxes_section(survey), processes_section(survey), "</main>", footer());
  return html.str();
}

std::string trace_page(const config::Settings& settings, const std::string& query,
                       const Result<TraceFindings>& found, WallTime now) {
  Html html;
  html.add(head(settings, "Where is a message?", false), "<header><h1>Postrider <span>",
           settings.hostname,
           "</span></h1><span class=\"when\"><a href=\"/\">status</a></span></header><main>",
           search_form(query),
           found ? trace_section(query, *found, now)
                 : section_without("What is known of it", found.error().text),
           "</main>", footer());
  return html.str();
}

const std::string& page_style_hash() {
  static const std::string hash = hash_of_style(kPageStyle);
  return hash;
}

}  // namespace postrider::ctl

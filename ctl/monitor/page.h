// page.h - the page for people: what is wrong, what happens, what waits, and what ran into trouble.
// Plain HTML, of one request, without a script. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/config/settings.h"
#include "ctl/monitor/html.h"
#include "ctl/monitor/samples.h"
#include "ctl/monitor/survey.h"
#include "ctl/monitor/warnings.h"
#include "ctl/trace_lookup.h"

namespace postrider::ctl {

// ---- The way of a message, for those who look for one ----

// What is known of an address, an id or a Message-ID. Blocks.
using Trace = std::function<Result<TraceFindings>(const std::string& query)>;

// ---- The page ----

// How often the page asks for itself again, unless it is told not to.
inline constexpr std::chrono::seconds kRefresh{10};

struct PageModel {
  const Survey& survey;    // of depth whole
  const Samples& samples;  // of the last hour
  const config::Settings& settings;
  bool refreshes = true;
  bool can_trace = false;
};

std::string status_page(const PageModel& model);
// What a search has found, or why it could not be done.
std::string trace_page(const config::Settings& settings, const std::string& query,
                       const Result<TraceFindings>& found, WallTime now);

// The value of Content-Security-Policy's style-src for both.
const std::string& page_style_hash();

// ---- Its sections (page_sections.cc, page_queue.cc, page_trace.cc) ----

Html trace_section(const std::string& query, const TraceFindings& found, WallTime now);
Html warnings_section(const std::vector<Warning>& warnings);
Html tiles(const Survey& survey, const Samples& samples);
Html charts(const Samples& samples, WallTime now);
Html waiting_section(const Survey& survey);
Html outages_section(const Survey& survey);
Html ages_section(const Survey& survey);
Html failures_section(const Survey& survey);
Html mailboxes_section(const Survey& survey);
Html processes_section(const Survey& survey);

}  // namespace postrider::ctl

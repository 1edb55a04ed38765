// page_trace.cc - what a search on the status page finds: one message's life, or many in short.
#include <string>

#include <fmt/format.h>

#include "common/base/timestamp.h"
#include "common/trace/belonging.h"
#include "ctl/monitor/page.h"
#include "ctl/monitor/page_pieces.h"
#include "ctl/terminal.h"
#include "ctl/trace_words.h"

namespace postrider::ctl {

namespace {

// Messages that are listed; of more the command tells.
constexpr std::size_t kListed = 100;

// Why it did not end well, and what was said.
Html reason(const TraceOutcome& outcome) {
  Html html;
  if (!outcome.why.empty()) html.add("<div><b>", outcome.why, "</b></div>");
  if (outcome.state != "delivered") html.add(words(outcome.said));
  if (!outcome.until.empty())
    html.add("<span class=\"for\">next attempt ", outcome.until, "</span>");
  return html;
}

Html dialogue(const trace::Event& event) {
  Html html;
  for (const DialogueLine& line : dialogue_of(trace::value_of(event.values, "dialogue"))) {
    const char sign = line.who == "client" ? '>' : line.who == "server" ? '<' : '*';
    html.add(words(fmt::format("{:>6}ms {} {}", line.ms, sign, line.text)));
  }
  return html;
}

Html life_section(const trace::Life& life, const std::vector<trace::Loss>& losses, WallTime now) {
  const TraceOutcome outcome = outcome_of(life);
  Html html;
  html.add("<section><h2>", way_of(outcome), " <span class=\"also\">", life.id, "</span></h2><p>",
           state_of(outcome, now), "</p>", reason(outcome));
  for (const trace::Loss& loss : losses)
    html.add("<p class=\"none\">Not all is known: events between ", to_timestamp(loss.since),
             " and ", to_timestamp(loss.until), " were given up.</p>");
  if (life.left_out > 0)
    html.add("<p class=\"none\">Not all is shown: ", grouped(life.left_out),
             " events between the first and the last.</p>");
  html.add("</section>",
           table_head("Its life", fmt::format("began {}", to_timestamp(outcome.began)), ""),
           "<th class=\"num\">after</th><th>process</th><th>what</th></tr></thead><tbody>");
  for (const trace::Event& event : life.events)
    html.add("<tr><td class=\"num\">", since_begin(event.time - outcome.began), "</td><td>",
             event.process, "</td><td>", words_for(event), dialogue(event), "</td></tr>");
  return html.add(table_end());
}

Html list_section(const std::string& query, const TraceFindings& found) {
  const std::vector<TracedMessage>& messages = found.messages;
  Html html;
  html.add("<section><h2>", std::string_view(found.cut_off ? "The youngest " : ""),
           counted(messages.size(), "message"), " of “", query, "”</h2><ul>");
  for (const TracedCase& one : cases_of(messages)) {
    html.add("<li>", grouped(one.messages), " ", one.state);
    if (!one.why.empty()) html.add(": ", one.why);
    html.add("</li>");
  }
  const bool all = messages.size() <= kListed;
  html.add("</ul></section>",
           table_head("The youngest", all ? "" : "all others: postrider trace --all", ""),
           "<th>began</th><th>message</th><th>state</th><th>of whom, to whom</th></tr></thead>"
           "<tbody>");
  std::size_t left = kListed;
  for (const TracedMessage& message : messages) {
    if (left-- == 0) break;
    html.add("<tr><td class=\"nowrap\">", to_timestamp(message.outcome.began),
             "</td><td><a href=\"/trace?q=", message.id, "\">", message.id, "</a></td><td>",
             message.outcome.state, "</td><td>", way_of(message.outcome), reason(message.outcome),
             "</td></tr>");
  }
  return html.add(table_end());
}

}  // namespace

Html trace_section(const std::string& query, const TraceFindings& found, WallTime now) {
  if (found.life) return life_section(*found.life, found.losses, now);
  if (!found.messages.empty()) return list_section(query, found);
  return section_without("What is known of it", fmt::format("Nothing is known of “{}”.", query));
}

}  // namespace postrider::ctl

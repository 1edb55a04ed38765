#include "ctl/monitor/metrics_manual.h"

#include <map>
#include <vector>

#include <fmt/format.h>

#include "common/metrics/table.h"
#include "ctl/monitor/exposition.h"

namespace postrider::ctl {

namespace {

constexpr std::string_view kStart = R"(.TH POSTRIDER\-METRICS 5 2026-11-23 "Postrider" "Postrider"
.SH NAME
postrider\-metrics \- what Postrider counts and measures
.SH DESCRIPTION
.B postrider monitor
answers
.I /metrics
at metrics.listen in the text format of Prometheus, for all processes of the suite. What is counted begins at 0 when
the run directory is made, and goes on over restarts; after an upgrade that changes this table it begins at 0 again.
A dashboard for Grafana (postrider.json) and rules for alerts (postrider.rules.yml) come with the suite: in
.I etc/
of the source, in
.I /usr/share/doc/postrider/examples
of the package.
.PP
A metric is of the suite as a whole, unless it has the label
.BR process ,
which is smtpd, queued, deliverd@local, deliverd@remote, pop3d or monitor.
)";

constexpr std::string_view kEnd = R"(.SH SEE ALSO
.BR postrider (1),
.BR postrider.conf (5)
)";

struct Entry {
  std::string type;
  std::string meaning;
  std::vector<std::string> labels;  // each value, or its name alone
};

std::string escaped(std::string_view text) {
  std::string roff;
  for (const char c : text) {
    if (c == '-') roff += '\\';
    roff += c;
  }
  return roff;
}

class MetricEntries {
 public:
  void add(const metrics::MetricText& text, std::string_view type) {
    Entry& entry = find(text.name, type, text.meaning);
    if (!text.labels.empty()) entry.labels.emplace_back(text.labels);
    if (text.spread == metrics::Spread::by_process) entry.labels.emplace_back("process");
  }
  void add(const ComputedText& text) {
    Entry& entry = find(text.name, text.type, text.meaning);
    if (!text.labels.empty()) entry.labels.emplace_back(text.labels);
  }
  Entry& find(std::string_view name, std::string_view type, std::string_view meaning) {
    Entry& entry = entries_[std::string(name)];
    if (entry.type.empty()) entry.type = type;
    if (entry.meaning.empty()) entry.meaning = meaning;
    return entry;
  }

  std::string text() const {
    std::string page;
    for (const auto& [name, entry] : entries_) {
      page += fmt::format(".TP\n.B {}\n", escaped(name));
      std::string meaning = entry.meaning;
      page += fmt::format("({}) {}.", entry.type, escaped(meaning));
      if (!entry.labels.empty())
        page +=
            fmt::format(" Labels: {}.", escaped(fmt::format("{}", fmt::join(entry.labels, "; "))));
      page += '\n';
    }
    return page;
  }

 private:
  std::map<std::string, Entry> entries_;
};

}  // namespace

std::string metrics_manual() {
  MetricEntries entries;
  for (std::size_t i = 0; i < metrics::kCounters; ++i)
    entries.add(metrics::text_of(static_cast<metrics::Counter>(i)), "counter");
  for (std::size_t i = 0; i < metrics::kGauges; ++i)
    entries.add(metrics::text_of(static_cast<metrics::Gauge>(i)), "gauge");
  for (std::size_t i = 0; i < metrics::kDurations; ++i)
    entries.add(metrics::text_of(static_cast<metrics::Duration>(i)), "histogram, in seconds");
  Entry& findings =
      entries.find(metrics::kFindingText.name, "counter", metrics::kFindingText.meaning);
  findings.labels.push_back(
      fmt::format("check, as in [checks]; action: {}", fmt::join(metrics::kFindingActions, ", ")));
  for (const ComputedText& text : computed_metrics()) entries.add(text);
  return fmt::format("{}.SH METRICS\n{}{}", kStart, entries.text(), kEnd);
}

}  // namespace postrider::ctl

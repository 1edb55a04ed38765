#include "ctl/monitor/exposition.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr std::array<ComputedText, 13> kComputed{{
    {"postrider_build_info", "gauge", "version", "1, with the version of the suite"},
    {"postrider_up", "gauge", "process", "1 where the daemon has a worker that lives, else 0"},
    {"postrider_workers", "gauge", "process", "workers that live"},
    {"postrider_process_start_time_seconds", "gauge", "process, worker",
     "when the worker was started, in seconds since 1970"},
    {"postrider_process_resident_memory_bytes", "gauge", "process, worker",
     "memory that the worker has in RAM"},
    {"postrider_process_cpu_seconds_total", "counter", "process, worker",
     "time of a processor that the worker took"},
    {"postrider_queue_up", "gauge", "", "1 where queued answers, else 0"},
    {"postrider_queue_messages", "gauge", "state", "messages in the queue"},
    {"postrider_queue_messages_by_age", "gauge", "state, age",
     "messages in the queue that are younger than this and older than the age before"},
    {"postrider_queue_oldest_message_age_seconds", "gauge", "",
     "the age of the oldest message; 0: the queue is empty"},
    {"postrider_queue_destinations_paused", "gauge", "",
     "destinations to which an operator lets nothing go"},
    {"postrider_spool_free_bytes", "gauge", "", "room that the file system of the spool has left"},
    {"postrider_spool_size_bytes", "gauge", "", "the size of that file system"},
}};

double seconds_of(std::chrono::microseconds time) {
  return std::chrono::duration<double>(time).count();
}

// `service="smtp",version="1.3"` of the table, whose values hold neither quotes nor commas.
Labels parse_labels(std::string_view text) {
  Labels labels;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    const std::size_t equals = one.find('=');
    labels.push_back({std::string(one.substr(0, equals)),
                      std::string(one.substr(equals + 2, one.size() - equals - 3))});
    text.remove_prefix(std::min(text.size(), one.size() + 1));
  }
  return labels;
}

// The families in the order in which they are first added to.
class Families {
 public:
  ClientMetric& add(std::string_view name, MetricType type, std::string_view help, Labels labels) {
    auto family = std::find_if(families_.begin(), families_.end(),
                               [&](const MetricFamily& known) { return known.name == name; });
    if (family == families_.end()) {
      families_.emplace_back();
      family = families_.end() - 1;
      family->name = name;
      family->help = help;
      family->type = type;
    }
    ClientMetric& metric = family->metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  void add(const ComputedText& text, double value, Labels labels = {}) {
    if (text.type == "counter") {
      add(text.name, MetricType::Counter, text.meaning, std::move(labels)).counter.value = value;
    } else {
      add(text.name, MetricType::Gauge, text.meaning, std::move(labels)).gauge.value = value;
    }
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

const ComputedText& computed(std::string_view name) {
  return *std::find_if(kComputed.begin(), kComputed.end(),
                       [&](const ComputedText& text) { return text.name == name; });
}

// ---- What workers count ----

// One call for all of them, or one for each daemon.
template <typename Add>
void for_each_series(const metrics::Reading& reading, const metrics::MetricText& text, Add add) {
  Labels labels = parse_labels(text.labels);
  if (text.spread == metrics::Spread::total) return add(reading.sum(), std::move(labels));
  for (const auto& [process, counts] : reading.by_process) {
    Labels own = labels;
    own.push_back({"process", process});
    add(counts, std::move(own));
  }
}

void add_counters(Families& families, const metrics::Reading& reading) {
  for (std::size_t i = 0; i < metrics::kCounters; ++i) {
    const auto counter = static_cast<metrics::Counter>(i);
    const metrics::MetricText& text = metrics::text_of(counter);
    for_each_series(reading, text, [&](const metrics::Counts& counts, Labels labels) {
      families.add(text.name, MetricType::Counter, text.meaning, std::move(labels)).counter.value =
          static_cast<double>(counts[counter]);
    });
  }
}

void add_findings(Families& families, const metrics::Reading& reading) {
  const metrics::Counts counts = reading.sum();
  for (const std::string_view check : metrics::check_names()) {
    for (const std::string_view action : metrics::kFindingActions) {
      const auto value = counts.finding(metrics::finding_index(check, action));
      families
          .add(metrics::kFindingText.name, MetricType::Counter, metrics::kFindingText.meaning,
               {{"check", std::string(check)}, {"action", std::string(action)}})
          .counter.value = static_cast<double>(value);
    }
  }
}

void fill(ClientMetric::Histogram& to, const metrics::Histogram& from,
          const metrics::Scale& scale) {
  for (std::size_t i = 0; i <= metrics::kBounds; ++i) {
    to.sample_count += from.buckets[i];
    to.bucket.push_back({to.sample_count, i < metrics::kBounds
                                              ? seconds_of(scale[i])
                                              : std::numeric_limits<double>::infinity()});
  }
  to.sample_sum = seconds_of(from.sum);
}

void add_durations(Families& families, const metrics::Reading& reading) {
  for (std::size_t i = 0; i < metrics::kDurations; ++i) {
    const auto duration = static_cast<metrics::Duration>(i);
    const metrics::MetricText& text = metrics::text_of(duration);
    for_each_series(reading, text, [&](const metrics::Counts& counts, Labels labels) {
      fill(
          families.add(text.name, MetricType::Histogram, text.meaning, std::move(labels)).histogram,
          counts.histogram(duration), metrics::scale_of(duration));
    });
  }
}

// A gauge that nobody has set, as of a daemon that serves no certificate, says nothing.
void add_gauges(Families& families, const metrics::Reading& reading) {
  for (std::size_t i = 0; i < metrics::kGauges; ++i) {
    const auto gauge = static_cast<metrics::Gauge>(i);
    const metrics::MetricText& text = metrics::text_of(gauge);
    const bool earliest = gauge == metrics::Gauge::certificate_expiry;
    std::map<std::string, std::int64_t> values;
    for (const metrics::Life& life : reading.lives) {
      if (earliest && life[gauge] == 0) continue;
      std::int64_t& value =
          values[text.spread == metrics::Spread::by_process ? life.process : std::string()];
      value = !earliest    ? value + life[gauge]
              : value == 0 ? life[gauge]
                           : std::min(value, life[gauge]);
    }
    for (const auto& [process, value] : values) {
      Labels labels = parse_labels(text.labels);
      if (!process.empty()) labels.push_back({"process", process});
      families.add(text.name, MetricType::Gauge, text.meaning, std::move(labels)).gauge.value =
          static_cast<double>(value);
    }
  }
}

// ---- What is computed ----

void add_processes(Families& families, const Survey& survey) {
  const auto& lives = survey.reading.lives;
  for (const std::string_view daemon : daemon_names()) {
    const auto workers = std::count_if(lives.begin(), lives.end(), [&](const metrics::Life& life) {
      return life.process == daemon;
    });
    const Labels labels{{"process", std::string(daemon)}};
    families.add(computed("postrider_up"), workers > 0 ? 1 : 0, labels);
    families.add(computed("postrider_workers"), static_cast<double>(workers), labels);
  }
  for (std::size_t i = 0; i < lives.size(); ++i) {
    const metrics::Life& life = lives[i];
    // While a reload lasts there are two of a number; the newer, which comes last, is told.
    if (i + 1 < lives.size() && lives[i + 1].process == life.process &&
        lives[i + 1].worker == life.worker)
      continue;
    const Labels labels{{"process", life.process}, {"worker", std::to_string(life.worker)}};
    families.add(computed("postrider_process_start_time_seconds"),
                 seconds_of(life.started.time_since_epoch()), labels);
    if (!survey.uses[i]) continue;
    families.add(computed("postrider_process_resident_memory_bytes"),
                 static_cast<double>(survey.uses[i]->resident), labels);
    families.add(computed("postrider_process_cpu_seconds_total"), survey.uses[i]->cpu_seconds,
                 labels);
  }
}

void add_queue(Families& families, const Survey& survey) {
  families.add(computed("postrider_queue_up"), survey.queued_answers() ? 1 : 0);
  if (!survey.queued_answers()) return;
  const ipc::QueueStatus& status = survey.queue.status;
  const std::pair<const char*, std::uint64_t> states[] = {{"active", status.active()},
                                                          {"deferred", status.deferred()},
                                                          {"held", status.held()},
                                                          {"deleted", status.deleted()}};
  for (const auto& [state, messages] : states)
    families.add(computed("postrider_queue_messages"), static_cast<double>(messages),
                 {{"state", state}});
  for (const ipc::AgeCount& age : survey.queue.ages) {
    const std::chrono::microseconds bound(age.younger_than_us());
    families.add(
        computed("postrider_queue_messages_by_age"), static_cast<double>(age.messages()),
        {{"state", age.state()}, {"age", bound.count() == 0 ? "older" : short_duration(bound)}});
  }
  const auto oldest = std::chrono::microseconds(status.oldest_us());
  families.add(
      computed("postrider_queue_oldest_message_age_seconds"),
      oldest.count() == 0 ? 0 : std::max(0.0, seconds_of(survey.time.time_since_epoch() - oldest)));
  families.add(computed("postrider_queue_destinations_paused"),
               static_cast<double>(survey.queue.pauses.size()));
}

}  // namespace

std::span<const ComputedText> computed_metrics() noexcept { return kComputed; }

std::string exposition(const Survey& survey, std::string_view version) {
  Families families;
  families.add(computed("postrider_build_info"), 1, {{"version", std::string(version)}});
  add_processes(families, survey);
  add_counters(families, survey.reading);
  add_findings(families, survey.reading);
  add_gauges(families, survey.reading);
  add_durations(families, survey.reading);
  add_queue(families, survey);
  if (survey.spool) {
    families.add(computed("postrider_spool_free_bytes"), static_cast<double>(survey.spool->free));
    families.add(computed("postrider_spool_size_bytes"), static_cast<double>(survey.spool->size));
  }
  return families.text();
}

}  // namespace postrider::ctl

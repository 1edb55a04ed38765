#include "ctl/monitor/overview.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/mailbox_rooms.h"
#include "ctl/queue_reason.h"
#include "ctl/queue_view.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using metrics::Gauge;
using nlohmann::json;
using std::chrono::microseconds;

// Destinations that a screen names.
constexpr std::size_t kDestinations = 12;

struct RateName {
  std::string_view name;
  std::optional<double> Rates::*member;
  Series series;
  std::string_view words;  // "accepted", behind a number
};
constexpr std::array<RateName, 8> kRates{{
    {"accepted", &Rates::accepted, Series::accepted, "accepted"},
    {"refused", &Rates::refused, Series::refused, "refused"},
    {"delivered", &Rates::delivered, Series::delivered, "delivered"},
    {"deferred", &Rates::deferred, Series::deferred, "deferred"},
    {"failed", &Rates::failed, Series::failed, "returned"},
    {"connections", &Rates::connections, Series::connections, "connections of SMTP"},
    {"logins", &Rates::logins, Series::logins, "logins of POP3"},
    {"retrieved", &Rates::retrieved, Series::retrieved, "fetched"},
}};

json counters_json(const metrics::Counts& counts) {
  json document = json::object();
  for (std::size_t i = 0; i < metrics::kCounters; ++i) {
    const auto counter = static_cast<metrics::Counter>(i);
    const metrics::MetricText& text = metrics::text_of(counter);
    document[text.labels.empty() ? std::string(text.name)
                                 : fmt::format("{}{{{}}}", text.name, text.labels)] =
        counts[counter];
  }
  return document;
}

json workers_json(const Survey& survey) {
  json all = json::array();
  for (std::size_t i = 0; i < survey.reading.lives.size(); ++i) {
    const metrics::Life& life = survey.reading.lives[i];
    all.push_back({{"process", life.process},
                   {"worker", life.worker},
                   {"pid", life.pid},
                   {"started", iso_time(life.started.time_since_epoch().count())},
                   {"version", life.version},
                   {"connections", life[Gauge::connections]},
                   {"jobs", life[Gauge::jobs]},
                   {"resident", survey.uses[i] ? json(survey.uses[i]->resident) : json()}});
  }
  return all;
}

std::string number(std::int64_t value) { return value <= 0 ? "-" : std::to_string(value); }

std::string workers_table(const Survey& survey) {
  std::vector<std::vector<std::string>> rows{
      {"PROCESS", "WORKER", "PID", "SINCE", "CONNECTIONS", "JOBS", "MEMORY", "CPU", "VERSION"}};
  for (std::size_t i = 0; i < survey.reading.lives.size(); ++i) {
    const metrics::Life& life = survey.reading.lives[i];
    const auto& use = survey.uses[i];
    rows.push_back({life.process, std::to_string(life.worker), std::to_string(life.pid),
                    short_duration(survey.time - life.started), number(life[Gauge::connections]),
                    number(life[Gauge::jobs]), use ? short_size(use->resident) : "-",
                    use ? fmt::format("{:.1f}s", use->cpu_seconds) : "-", life.version});
  }
  return table(rows);
}

std::string decimal(double value) { return fmt::format("{:.{}f}", value, value < 9.95 ? 1 : 0); }

std::string last_minute(const Rates& rates) {
  std::vector<std::string> parts;
  for (const RateName& one : kRates)
    if (const auto& rate = rates.*one.member; rate && *rate > 0)
      parts.push_back(fmt::format("{} {}", decimal(*rate * 60), one.words));
  if (!rates.accepted)
    return "last minute: not known, as `postrider monitor` has not run that long";
  return fmt::format("last minute: {}", parts.empty() ? "nothing happened"
                                                      : fmt::format("{}", fmt::join(parts, ", ")));
}

// For which destinations the most waits or is under way.
std::string destinations_table(const Survey& survey) {
  std::vector<ipc::SummaryRow> waiting = survey.queue.waiting;
  std::stable_sort(waiting.begin(), waiting.end(),
                   [](const auto& a, const auto& b) { return a.messages() > b.messages(); });
  if (waiting.size() > kDestinations) waiting.resize(kDestinations);
  return waiting.empty() ? std::string() : to_text(waiting, survey.time);
}

// The first `size.width` characters of the first `size.height` lines.
std::string fitted(std::string_view text, ScreenSize size) {
  std::string screen;
  for (std::size_t lines = 0; !text.empty() && (size.height == 0 || lines < size.height); ++lines) {
    const std::string_view line = text.substr(0, text.find('\n'));
    std::size_t octets = 0;
    for (std::size_t columns = 0; octets < line.size(); ++octets) {
      const bool begins = (static_cast<unsigned char>(line[octets]) & 0xc0U) != 0x80U;
      if (begins && size.width > 0 && columns++ == size.width) break;
    }
    screen += line.substr(0, octets);
    screen += '\n';
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return screen;
}

}  // namespace

Rates rates_of(const Samples& samples, const Sample& now, std::chrono::seconds span) {
  Rates rates;
  for (const RateName& one : kRates) rates.*one.member = rate(samples, now, one.series, span);
  return rates;
}

json to_json(const Survey& survey, const Rates& rates, const std::vector<Warning>& warnings) {
  json document = to_json(survey.queue.status);
  document["pauses"] = json::array();
  for (const ipc::Pause& pause : survey.queue.pauses) document["pauses"].push_back(to_json(pause));
  document["counters"] = counters_json(survey.reading.sum());
  document["mailboxes_nearly_full"] = survey.nearly_full ? to_json(*survey.nearly_full) : json();
  document["workers"] = workers_json(survey);
  document["warnings"] = to_json(warnings);
  json& per_second = document["rates"] = json::object();
  for (const RateName& one : kRates) {
    const auto& rate = rates.*one.member;
    per_second[std::string(one.name)] = rate ? json(*rate) : json();
  }
  return document;
}

std::string status_text(const Survey& survey, const Rates& rates,
                        const std::vector<Warning>& warnings, std::size_t width) {
  std::string text = to_text(warnings, width);
  for (const ipc::Pause& pause : survey.queue.pauses) text += wrapped(to_line(pause), width);
  if (survey.queued_answers()) text += wrapped(to_line(survey.queue.status, survey.time), width);
  text += wrapped(last_minute(rates), width) + workers_table(survey);
  return text +
         (survey.nearly_full
              ? to_text(*survey.nearly_full)
              : wrapped(fmt::format("mailboxes: {}", printable(survey.nearly_full.error().text)),
                        width));
}

std::string top_screen(const Survey& survey, const Rates& rates,
                       const std::vector<Warning>& warnings, const config::Settings& settings,
                       ScreenSize size) {
  std::string text = fmt::format("{}  {}  q ends\n", settings.hostname,
                                 iso_time(survey.time.time_since_epoch().count()));
  std::vector<std::vector<std::string>> rows{{"A SECOND"}, {""}};
  for (const RateName& one : kRates) {
    const auto& rate = rates.*one.member;
    rows[0].emplace_back(one.name);
    rows[1].push_back(rate ? decimal(*rate) : "-");
  }
  text += table(rows);
  text += survey.queued_answers() ? to_line(survey.queue.status, survey.time) + "\n"
                                  : "queued does not answer\n";
  text +=
      fmt::format("connections: {}, {} of them under TLS\n", survey.reading.sum(Gauge::connections),
                  survey.reading.sum(Gauge::tls_sessions));
  for (const Warning& warning : warnings)
    text += fmt::format("{} {}\n", warning.weight == Warning::Weight::note ? "-" : "!",
                        printable(warning.what));
  text += '\n' + workers_table(survey);
  if (const std::string busiest = destinations_table(survey); !busiest.empty())
    text += '\n' + busiest;
  return fitted(text, size);
}

}  // namespace postrider::ctl

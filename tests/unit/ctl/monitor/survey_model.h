// survey_model.h - a suite to look at: three daemons that run, a queue with trouble, an hour of
// samples.
#pragma once

#include "common/config/load.h"
#include "ctl/monitor/samples.h"
#include "ctl/monitor/survey.h"

namespace postrider::test {

inline const WallTime kNow(std::chrono::seconds(1'795'293'498));

inline std::int64_t us_before(std::chrono::seconds span) {
  return (kNow - span).time_since_epoch().count();
}

inline config::Settings settings_of_test() {
  config::Settings settings = config::defaults();
  settings.hostname = "mx.example.test";
  settings.paths.spool = "/var/spool/postrider";
  return settings;
}

inline void add_life(ctl::Survey& survey, const std::string& process, unsigned worker,
                     std::int64_t connections = 0) {
  metrics::Life& life = survey.reading.lives.emplace_back();
  life.process = process;
  life.worker = worker;
  life.pid = 4000 + static_cast<unsigned>(survey.reading.lives.size());
  life.started = kNow - std::chrono::hours(30);
  life.version = "0.1.0";
  life.gauges[static_cast<std::size_t>(metrics::Gauge::connections)] = connections;
  survey.uses.push_back(ctl::ProcessUse{30U << 20U, 12.5});
  survey.reading.by_process[process];
}

// Where all is as it should be.
inline ctl::Survey healthy_survey() {
  ctl::Survey survey;
  survey.time = kNow;
  add_life(survey, "deliverd@local", 0);
  add_life(survey, "deliverd@remote", 0);
  add_life(survey, "pop3d", 0, 17);
  add_life(survey, "queued", 0);
  add_life(survey, "smtpd", 0, 40);
  add_life(survey, "smtpd", 1, 2);
  survey.queue.asked = kNow;
  survey.queue.depth = ctl::Depth::whole;
  survey.queue.status.set_started_us(us_before(std::chrono::hours(30)));
  survey.spool = ctl::DiskSpace{400ULL << 30U, 500ULL << 30U};
  return survey;
}

inline void set_counter(ctl::Survey& survey, const std::string& process, metrics::Counter counter,
                        std::uint64_t value) {
  survey.reading.by_process[process].slots()[static_cast<std::size_t>(counter)] = value;
}

inline void add_ages(ctl::Survey& survey, const std::string& state,
                     const std::vector<std::uint64_t>& messages) {
  const std::chrono::seconds bounds[] = {std::chrono::minutes(5), std::chrono::hours(1),
                                         std::chrono::hours(4),   std::chrono::hours(24),
                                         std::chrono::hours(72),  std::chrono::seconds(0)};
  for (std::size_t i = 0; i < messages.size(); ++i) {
    ipc::AgeCount& age = survey.queue.ages.emplace_back();
    age.set_state(state);
    age.set_younger_than_us(static_cast<std::uint64_t>(bounds[i].count()) * 1'000'000);
    age.set_messages(messages[i]);
  }
}

inline ipc::SummaryRow waiting(const std::string& destination, const std::string& status,
                               const std::string& reason, std::uint64_t messages,
                               const std::string& state = "deferred") {
  ipc::SummaryRow row;
  row.set_destination(destination);
  row.set_state(state);
  row.set_status(status);
  row.set_reason(reason);
  row.set_messages(messages);
  return row;
}

// Where mail waits and bounces.
inline ctl::Survey troubled_survey() {
  ctl::Survey survey = healthy_survey();
  survey.queue.status.set_active(12);
  survey.queue.status.set_deferred(1480);
  survey.queue.status.set_held(3);
  survey.queue.status.set_oldest_us(us_before(std::chrono::hours(50)));
  add_ages(survey, "active", {12, 0, 0, 0, 0, 0});
  add_ages(survey, "deferred", {40, 210, 380, 700, 150, 0});
  add_ages(survey, "held", {0, 0, 1, 2, 0, 0});
  ipc::Outage& outage = survey.queue.outages.emplace_back();
  outage.set_destination("mx:slow.example.net");
  outage.set_reason("192.0.2.7:25: Connection refused");
  outage.set_since_us(us_before(std::chrono::hours(3)));
  outage.set_next_probe_us(us_before(std::chrono::seconds(-540)));
  outage.set_messages(1034);
  ipc::SummaryRow& row = survey.queue.waiting.emplace_back(
      waiting("big.example.com", "4.7.1",
              "450 4.7.1 <script>alert(1)</script> Greylisted, come back in 5 minutes", 211));
  row.set_oldest_us(us_before(std::chrono::minutes(44)));
  row.set_next_attempt_us(us_before(std::chrono::minutes(-11)));
  ipc::Failure& failure = survey.queue.failures.emplace_back();
  failure.set_time_us(us_before(std::chrono::minutes(4)));
  failure.set_sender("ada@example.test");
  failure.set_recipient("no\"body&<b>@example.org");
  failure.set_status("5.1.1");
  failure.set_reply("550 5.1.1 no such user here");
  quota::Room& room = survey.nearly_full->emplace_back();
  room.mailbox = "anna@example.test";
  room.used = {930U << 20U, 4200};
  room.limit = {1000U << 20U, 0};
  survey.sample = ctl::take_sample(kNow, survey.reading, &survey.queue.status);
  return survey;
}

// An hour in which `series` grew by `each` every ten seconds.
inline ctl::Samples steady_samples(ctl::Series series, std::uint64_t each) {
  ctl::Samples samples;
  for (int i = 359; i > 0; --i) {
    ctl::Sample& sample = samples.emplace_back();
    sample.time = kNow - i * ctl::kSampleInterval;
    sample.values[static_cast<std::size_t>(series)] = each * static_cast<std::uint64_t>(360 - i);
  }
  return samples;
}

}  // namespace postrider::test

// monitor.h - lets others see: /metrics for Prometheus, a page for people, and the samples from
// which commands know rates.
//
// It only looks: at the files of the run directory, and by asking queued. Nothing waits for it, and
// what it does costs the daemons no more than an answer of queued every few seconds.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/log/condition.h"
#include "common/log/log.h"
#include "ctl/monitor/http_server.h"
#include "ctl/monitor/page.h"
#include "ctl/monitor/samples.h"
#include "ctl/monitor/survey.h"

namespace postrider::ctl {

class Monitor final : private Site {
 public:
  // Samples from now on, and serves on the listening socket, which is borrowed; without one it
  // samples alone. `trace` answers searches; none: there is no search. All outlive it.
  Monitor(event::EventLoop& loop, const config::Settings& settings, const Fd& listening,
          const Clock& clock, log::Logger& log, Trace trace = {});
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

 private:
  using SurveyPtr = std::unique_ptr<Survey>;

  PendingPtr answer(const HttpRequest& request, Done done) override;
  PendingPtr answer_metrics(Done done);
  PendingPtr answer_page(bool refreshes, Done done);
  PendingPtr answer_trace(const std::string& query, Done done);
  template <typename Then>
  PendingPtr look(Depth depth, Then then);

  void sample();
  void keep(const Survey& survey);

  event::EventLoop& loop_;
  const config::Settings& settings_;
  const Clock& clock_;
  const Trace trace_;
  Surveyor surveyor_;  // of the one thread of pool_
  Samples samples_;
  std::optional<SampleFile> file_;
  log::Condition not_kept_;
  event::Timer next_sample_;
  PendingPtr sampling_;
  std::optional<HttpServer> server_;
  // Last: their threads are joined before what they use goes.
  event::WorkerPool pool_, searches_;
};

}  // namespace postrider::ctl

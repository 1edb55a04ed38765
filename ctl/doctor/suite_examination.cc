// suite_examination.cc - what the doctor sees of the running suite: what `postrider status` warns
// of, and why mail waits.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "ctl/doctor/examinations.h"
#include "ctl/monitor/warnings.h"
#include "ctl/queue_advice.h"
#include "ctl/queue_summary.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

// Warnings of which the doctor tells more: the queue cause by cause. That of the certificate is of
// what workers serve, which may be older than the file.
constexpr std::array<std::string_view, 3> kToldInDetail{"destinations_down", "destinations_paused",
                                                        "mail_held"};
// Causes that need nobody: mail that waits for one of them is well.
constexpr std::array<std::string_view, 6> kUsual{"active",        "turn",      "held_back",
                                                 "not_attempted", "not_tried", "greylisted"};
// Causes that are this host's own fault.
constexpr std::string_view kOwnFault = "this_host";

Health health_of(Warning::Weight weight) noexcept {
  return weight == Warning::Weight::bad ? Health::wrong : Health::warning;
}

}  // namespace

Findings examine_suite(const Survey& survey, const Samples& samples,
                       const config::Settings& settings) {
  Findings findings("suite");
  for (Warning& warning : warnings_of(survey, samples, settings))
    if (std::ranges::count(kToldInDetail, warning.name) == 0)
      findings.add(health_of(warning.weight), std::move(warning.what), std::move(warning.mend));
  if (findings.all().empty()) findings.ok("Every daemon runs.");
  return findings;
}

Findings examine_queue(const Survey& survey) {
  Findings findings("queue");
  if (!survey.queued_answers()) return findings;  // told with the suite
  for (const WaitingCause& cause : causes_of(survey.queue.waiting)) {
    const std::string& name = cause.reasons.front().cause;
    if (std::ranges::count(kUsual, name) > 0) continue;
    findings.add(name == kOwnFault ? Health::wrong : Health::warning,
                 fmt::format("{}{}", to_line(cause), to_line(cause.reasons.front(), survey.time)),
                 std::string(advice_on(name)));
  }
  const ipc::QueueStatus& status = survey.queue.status;
  findings.ok(fmt::format("{} under way, {} deferred, {} held.", status.active(), status.deferred(),
                          status.held()));
  return findings;
}

}  // namespace postrider::ctl

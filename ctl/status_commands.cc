// status_commands.cc - postrider status: how the suite is.
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "common/base/clock.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/monitor/overview.h"
#include "ctl/queue_client.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

// Where nothing runs there is nothing to show; where queued alone does not answer, all else is.
void status(Context& context) {
  const auto settings = context.settings();
  if (!settings) return;
  const SystemClock clock;
  Survey survey = look_once(*settings, clock, Depth::counts, QueueClient::kTimeout);
  if (!survey.queued_answers()) {
    context.refuse(ExitStatus::unreachable,
                   fmt::format("queued is not reachable: {}", survey.queue.failure));
    if (survey.reading.lives.empty()) return;
  }
  survey.nearly_full = nearly_full_mailboxes(*settings);
  const Samples samples = read_samples(SampleFile::path(settings->paths.run), survey.time);
  const Rates rates = rates_of(samples, survey.sample, std::chrono::minutes{1});
  const auto warnings = warnings_of(survey, samples, *settings);
  context.answer(to_json(survey, rates, warnings),
                 status_text(survey, rates, warnings, terminal_width()));
}

}  // namespace

void add_status_command(Command app, Context& context) {
  app.add_subcommand("status", "What runs, how much waits, and what is wrong").callback([&context] {
    status(context);
  });
}

}  // namespace postrider::ctl

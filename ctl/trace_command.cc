// trace_command.cc - postrider trace: the whole life of a message.
#include <limits>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/config/units.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/trace_collect.h"
#include "ctl/trace_lookup.h"

namespace postrider::ctl {

namespace {

// Of messages that are found by an address, those that are shown.
constexpr std::size_t kShownLives = 20;

struct TraceOptions {
  std::string what;
  std::string since;
  bool all = false;
  bool collect = false;
};

void refuse_unknown(Context& context, const config::Settings& settings,
                    const TraceOptions& options) {
  const std::string hint =
      settings.trace.enabled == "on"
          ? "what is older than trace.keep is forgotten"
          : "nothing is kept, as trace.enabled is off: postrider config explain trace.enabled";
  context.refuse(ExitStatus::refused,
                 fmt::format("nothing is known of '{}'{}; {}", options.what,
                             options.since.empty() ? "" : " in that time", hint));
}

void show(Context& context, const TraceOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  const auto since = config::parse_duration(options.since);
  if (!options.since.empty() && !since)
    return context.refuse(ExitStatus::usage, "--since is a duration, such as 90s, 30m, 2h, 5d");
  const WallTime now = SystemClock().now();
  const auto found = look_up_trace(
      settings->paths.data,
      {.what = options.what, .since = since ? now - *since : WallTime(), .as_list = options.all});
  if (!found) return context.refuse(found.error());
  if (found->empty()) return refuse_unknown(context, *settings, options);
  if (found->life)
    return context.answer(to_json(*found->life, found->losses),
                          to_text(*found->life, found->losses, now));
  const std::size_t shown = options.all ? std::numeric_limits<std::size_t>::max() : kShownLives;
  nlohmann::json document = to_json(found->messages, shown);
  document["more"] = found->cut_off;
  const std::string first =
      found->cut_off
          ? fmt::format("Of the youngest {} alone; --since has fewer:\n", found->messages.size())
          : std::string();
  context.answer(document, first + to_text(found->messages, shown));
}

}  // namespace

void add_trace_command(Command app, Context& context) {
  const Command command = app.add_subcommand("trace", "The whole life of a message");
  const auto options = std::make_shared<TraceOptions>();
  command.add_option("what", options->what,
                     "A message's id, its Message-ID, or an address of its envelope");
  command.add_option("--since", options->since, "What began so long ago or less, as in 2h");
  command.add_flag("--all", options->all, "All that were found, a line each");
  // For the supervisor of `postrider run`.
  command.add_flag("--collect", options->collect).hidden();
  command.callback([&context, options] {
    if (options->collect) return collect_trace(context);
    if (options->what.empty())
      return context.refuse(ExitStatus::usage,
                            "trace what? A message's id, its Message-ID, or an "
                            "address: postrider trace anna@example.org");
    show(context, *options);
  });
}

}  // namespace postrider::ctl

// trace_command.cc - postrider trace: the whole life of a message.
#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/base/message_id.h"
#include "common/config/units.h"
#include "common/trace/search.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/trace_collect.h"
#include "ctl/trace_view.h"

namespace postrider::ctl {

namespace {

// Messages that are looked for by an address, and those of them that are shown.
constexpr std::size_t kMost = 100'000;
constexpr std::size_t kShown = 20;
// Lives that are in memory at once.
constexpr std::size_t kPortion = 10'000;

struct TraceOptions {
  std::string what;
  std::string since;
  bool all = false;
  bool collect = false;
};

void show_life(Context& context, trace::Search& search, const trace::Life& life) {
  const auto losses = search.losses(life.events.front().time, life.events.back().time);
  if (!losses) return context.refuse(losses.error());
  context.answer(to_json(life, *losses), to_text(life, *losses, SystemClock().now()));
}

// True: it was shown, or refused.
bool show_id(Context& context, trace::Search& search, const std::string& id) {
  const auto life = search.whole_life(id);
  if (!life) {
    context.refuse(life.error());
    return true;
  }
  if (life->events.empty()) return false;
  show_life(context, search, *life);
  return true;
}

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

// Those that were found by an address or a Message-ID, the youngest first.
void show_found(Context& context, trace::Search& search,
                const std::vector<trace::Subject>& subjects, bool all) {
  std::vector<TracedMessage> messages;
  for (std::size_t from = 0; from < subjects.size(); from += kPortion) {
    const std::size_t to = std::min(from + kPortion, subjects.size());
    const auto at = [&](std::size_t i) {
      return subjects.begin() + static_cast<std::ptrdiff_t>(i);
    };
    const auto lives = search.lives({at(from), at(to)});
    if (!lives) return context.refuse(lives.error());
    for (const trace::Life& life : *lives)
      if (!life.events.empty()) messages.push_back({life.id, outcome_of(life)});
  }
  const std::size_t shown = all ? std::numeric_limits<std::size_t>::max() : kShown;
  context.answer(to_json(messages, shown), to_text(messages, shown));
}

void show(Context& context, const TraceOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  const auto since = config::parse_duration(options.since);
  if (!options.since.empty() && !since)
    return context.refuse(ExitStatus::usage, "--since is a duration, such as 90s, 30m, 2h, 5d");
  auto search = trace::Search::open(settings->paths.data);
  if (!search) return context.refuse(search.error());
  if (MessageId::parse(options.what) && show_id(context, *search, options.what)) return;
  const WallTime from = since ? SystemClock().now() - *since : WallTime();
  const auto found = search->find(trace::plain_name(options.what), from, kMost);
  if (!found) return context.refuse(found.error());
  if (found->empty()) return refuse_unknown(context, *settings, options);
  if (found->size() == 1 && !options.all) {
    const auto lives = search->lives(*found);
    if (!lives) return context.refuse(lives.error());
    if (lives->size() == 1 && show_id(context, *search, lives->front().id)) return;
  }
  show_found(context, *search, *found, options.all);
}

}  // namespace

void add_trace_command(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("trace", "The whole life of a message");
  const auto options = std::make_shared<TraceOptions>();
  command->add_option("what", options->what,
                      "A message's id, its Message-ID, or an address of its envelope");
  command->add_option("--since", options->since, "What began so long ago or less, as in 2h");
  command->add_flag("--all", options->all, "All that were found, a line each");
  // For the supervisor of `postrider run`.
  command->add_flag("--collect", options->collect)->group("");
  command->callback([&context, options] {
    if (options->collect) return collect_trace(context);
    if (options->what.empty())
      return context.refuse(ExitStatus::usage,
                            "trace what? A message's id, its Message-ID, or an "
                            "address: postrider trace anna@example.org");
    show(context, *options);
  });
}

}  // namespace postrider::ctl

// queue_verb_commands.cc - postrider queue: what to do with what waits.
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/message_list.h"
#include "ctl/queue_client.h"
#include "ctl/queue_filter.h"
#include "ctl/queue_view.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using ipc::AdminReply;
using ipc::AdminRequest;
using nlohmann::json;

struct Verb {
  const char* name;
  AdminRequest::Verb request;
  const char* text;
  const char* did;    // before the number of messages
  const char* would;  // in its place after --dry-run
};
constexpr Verb kHold{"hold", AdminRequest::HOLD, "Stop delivery until released", "held", "held"};
constexpr Verb kRelease{"release", AdminRequest::RELEASE, "Let held messages be delivered",
                        "released", "released"};
constexpr Verb kRetry{"retry", AdminRequest::RETRY, "Attempt delivery now",
                      "to be attempted now:", "attempted now"};
constexpr Verb kExpire{"expire", AdminRequest::EXPIRE, "Give up now, and tell the sender",
                       "to be returned:", "returned to their senders"};
constexpr Verb kDelete{"delete", AdminRequest::DELETE, "Delete without a report to the sender",
                       "deleted", "deleted"};
constexpr Verb kErase{"delete", AdminRequest::ERASE, "Delete for good", "deleted for good",
                      "deleted for good"};
constexpr Verb kUndelete{"undelete", AdminRequest::UNDELETE, "Bring back what was deleted",
                         "brought back", "brought back"};

constexpr Verb kRoute{"route", AdminRequest::ROUTE, "Send waiting mail another way",
                      "sent another way:", "sent another way"};

struct VerbOptions {
  FilterOptions filter;
  bool dry_run = false;
  bool now = false;
  std::string why;
  std::string to;  // of route
};

constexpr const char* kDefaultRoute = "default";

void show_what_would_be(Context& context, const AdminRequest& request, const Verb& verb) {
  MessageList messages(context.json);
  if (!ask_queued(context, request,
                  [&](const AdminReply& reply, const Fd&) { messages.show(reply); }))
    return;
  if (messages.count() == 0) return context.refuse(ExitStatus::refused, "no message matches");
  messages.end({{"count", messages.count()}, {"dry_run", true}});
  if (!context.json) fmt::print("would be {}: {}\n", verb.would, messages.count());
}

void act(Context& context, const Verb& verb, const VerbOptions& options) {
  if (options.filter.is_empty())
    return context.refuse(ExitStatus::usage,
                          "which messages? give ids, --all, or a filter such as --domain");
  AdminRequest request;
  request.set_verb(verb.request);
  *request.mutable_filter() = options.filter.filter(SystemClock().now());
  request.set_dry_run(options.dry_run);
  request.set_why(options.why);
  if (options.to != kDefaultRoute) request.set_via(options.to);
  if (options.dry_run) return show_what_would_be(context, request, verb);
  std::uint64_t count = 0;
  if (!ask_queued(context, request,
                  [&](const AdminReply& reply, const Fd&) { count += reply.count(); }))
    return;
  if (count == 0) return context.refuse(ExitStatus::refused, "no message matches");
  context.answer({{"count", count}}, fmt::format("{} {}\n", verb.did, count));
}

void audit(Context& context) {
  AdminRequest request;
  request.set_verb(AdminRequest::AUDIT);
  std::vector<ipc::Act> acts;
  if (!ask_queued(context, request, [&](const AdminReply& reply, const Fd&) {
        acts.insert(acts.end(), reply.acts().begin(), reply.acts().end());
      }))
    return;
  json document = json::array();
  for (const ipc::Act& one : acts) document.push_back(to_json(one));
  context.answer({{"acts", document}}, acts.empty() ? "nobody has done anything\n" : to_text(acts));
}

void change_destination(Context& context, AdminRequest::Verb verb, const std::string& destination,
                        const std::string& why) {
  AdminRequest request;
  request.set_verb(verb);
  request.set_destination(destination);
  request.set_why(why);
  if (!ask_queued(context, request, [](const AdminReply&, const Fd&) {})) return;
  const char* const did = verb == AdminRequest::PAUSE ? "paused" : "resumed";
  context.answer({{did, destination}}, fmt::format("{} {}\n", did, printable(destination)));
}

void add_destination_verb(Command group, Context& context, const char* name,
                          AdminRequest::Verb verb, const char* text) {
  struct Options {
    std::string destination, why;
  };
  const auto options = std::make_shared<Options>();
  const Command command = group.add_subcommand(name, text);
  command
      .add_option("destination", options->destination,
                  "A domain, or a next hop as the summary shows it")
      .required();
  command.add_option("--why", options->why, "The reason, for those who ask later");
  command.callback([&context, options, verb] {
    change_destination(context, verb, options->destination, options->why);
  });
}

void add_verb(Command group, Context& context, const Verb& verb) {
  const auto options = std::make_shared<VerbOptions>();
  const Command command = group.add_subcommand(verb.name, verb.text);
  add_choice_options(command, options->filter);
  command.add_flag("--dry-run", options->dry_run,
                   "Show what it would be done to, and change nothing");
  command.add_option("--why", options->why, "The reason, for those who ask later");
  command.callback(
      [&context, options, &verb] { act(context, options->now ? kErase : verb, *options); });
  if (&verb == &kRoute)
    command
        .add_option("--to", options->to,
                    "smtp:HOST:PORT, smtps:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:/PATH or mx, as "
                    "in a route; "
                    "default: what the configuration says")
        .required();
  if (&verb == &kDelete)
    command.add_flag("--now", options->now, "For good: undelete cannot bring it back");
}

}  // namespace

void add_queue_verbs(Command queue, Context& context) {
  for (const Verb* verb : {&kHold, &kRelease, &kRetry, &kExpire, &kDelete, &kUndelete, &kRoute})
    add_verb(queue, context, *verb);
  add_destination_verb(queue, context, "pause", AdminRequest::PAUSE,
                       "Let nothing go to a destination");
  add_destination_verb(queue, context, "resume", AdminRequest::RESUME,
                       "Let mail go to a destination again");
  queue.add_subcommand("audit", "What operators did, newest first").callback([&context] {
    audit(context);
  });
}

}  // namespace postrider::ctl

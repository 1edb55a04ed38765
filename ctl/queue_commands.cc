// queue_commands.cc - postrider queue: what waits, and what to do with it.
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/queue_client.h"
#include "ctl/queue_view.h"

namespace postrider::ctl {

namespace {

using ipc::AdminReply;
using ipc::AdminRequest;
using nlohmann::json;

struct FilterOptions {
  std::vector<std::string> ids;
  bool all = false;
  std::string domain;
  std::string sender;
  std::string state;
};

constexpr std::string_view kListBegins = "{\"messages\": [\n";
constexpr std::string_view kListGoesOn = ",\n";
constexpr std::string_view kListEnds = "\n]}\n";

AdminRequest request_of(AdminRequest::Verb verb, const FilterOptions& options) {
  AdminRequest request;
  request.set_verb(verb);
  ipc::Filter& filter = *request.mutable_filter();
  for (const std::string& id : options.ids) filter.add_ids(id);
  filter.set_all(options.all);
  filter.set_domain(options.domain);
  filter.set_sender(options.sender);
  filter.set_state(options.state);
  return request;
}

bool ask(Context& context, const AdminRequest& request, QueueClient::OnReply on_reply) {
  const auto settings = context.settings();
  return settings && ask_queued(context, *settings, request, std::move(on_reply));
}

// Shows each message as it comes: a million of them are neither waited for nor held in memory. With
// --json it is one document all the same, which ends only if the list is whole.
void list(Context& context, FilterOptions options) {
  // A list that names nothing is of everything.
  options.all = options.domain.empty() && options.sender.empty() && options.state.empty();
  std::size_t shown = 0;
  const WallTime now = SystemClock().now();
  const bool done = ask(
      context, request_of(AdminRequest::LIST, options), [&](const AdminReply& reply, const Fd&) {
        for (const ipc::QueuedMessage& message : reply.messages()) {
          if (context.json) {
            fmt::print("{}{}", shown == 0 ? kListBegins : kListGoesOn, one_line(to_json(message)));
          } else {
            fmt::print("{}", to_line(message, now));
          }
          ++shown;
        }
      });
  if (!done) return;
  if (context.json) {
    fmt::print("{}{}", shown == 0 ? kListBegins : "", kListEnds);
  } else if (shown == 0) {
    fmt::print("the queue is empty\n");
  }
}

void show(Context& context, const std::string& id) {
  json document;
  std::string text;
  const WallTime now = SystemClock().now();
  const bool done = ask(context, request_of(AdminRequest::SHOW, {.ids = {id}}),
                        [&](const AdminReply& reply, const Fd&) {
                          for (const ipc::QueuedMessage& message : reply.messages()) {
                            document = to_json(message);
                            text = to_text(message, now);
                          }
                        });
  if (!done) return;
  if (document.is_null()) return context.refuse(ExitStatus::refused, "no message " + id);
  context.answer(document, text);
}

// Copies `length` octets from `offset` of the file to standard output.
Result<void> copy_out(int fd, std::uint64_t offset, std::uint64_t length) {
  std::vector<char> buffer(64U << 10U);
  while (length > 0) {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), length);
    const ssize_t n = ::pread(fd, buffer.data(), wanted, static_cast<off_t>(offset));
    if (n < 0) return fail_errno("the content", errno);
    if (n == 0) return fail(ErrorKind::corrupt, "the content ends early");
    if (std::fwrite(buffer.data(), 1, static_cast<std::size_t>(n), stdout) !=
        static_cast<std::size_t>(n))
      return fail_errno("standard output", errno);
    offset += static_cast<std::uint64_t>(n);
    length -= static_cast<std::uint64_t>(n);
  }
  return {};
}

// The message as it is stored: its octets are not for a terminal, and are not escaped.
void cat(Context& context, const std::string& id) {
  Result<void> copied = fail(ErrorKind::not_found, "no message " + id);
  const bool done =
      ask(context, request_of(AdminRequest::CAT, {.ids = {id}}),
          [&](const AdminReply& reply, const Fd& descriptor) {
            if (!reply.has_content() || !descriptor) return;
            const std::string& trace = reply.content().trace();
            std::fwrite(trace.data(), 1, trace.size(), stdout);
            copied = copy_out(descriptor.get(), reply.content().offset(), reply.content().length());
          });
  if (done && !copied) context.refuse(copied.error());
}

void summary(Context& context) {
  json rows = json::array();
  json outages = json::array();
  std::vector<ipc::SummaryRow> found;
  std::string down;
  const bool done = ask(context, request_of(AdminRequest::SUMMARY, {.all = true}),
                        [&](const AdminReply& reply, const Fd&) {
                          found.insert(found.end(), reply.summary().begin(), reply.summary().end());
                          for (const ipc::Outage& outage : reply.outages()) {
                            outages.push_back(to_json(outage));
                            down += to_line(outage);
                          }
                        });
  if (!done) return;
  for (const ipc::SummaryRow& row : found) rows.push_back(to_json(row));
  context.answer(
      {{"summary", rows}, {"outages", outages}},
      down + (found.empty() ? "the queue is empty\n" : to_text(found, SystemClock().now())));
}

// hold, release, retry, delete
void act(Context& context, AdminRequest::Verb verb, const FilterOptions& options,
         std::string_view did) {
  const bool chosen = !options.ids.empty() || options.all || !options.domain.empty() ||
                      !options.sender.empty() || !options.state.empty();
  if (!chosen)
    return context.refuse(ExitStatus::usage,
                          "which messages? give ids, --domain, --sender, --state or --all");
  std::uint64_t count = 0;
  if (!ask(context, request_of(verb, options),
           [&](const AdminReply& reply, const Fd&) { count += reply.count(); }))
    return;
  if (count == 0) return context.refuse(ExitStatus::refused, "no message matches");
  context.answer({{"count", count}}, fmt::format("{} {}\n", did, count));
}

void add_filters(CLI::App& command, FilterOptions& options) {
  command.add_option("--domain", options.domain,
                     "Messages that wait for recipients of this domain");
  command.add_option("--sender", options.sender, "Messages from this reverse-path");
  command.add_option("--state", options.state, "active, deferred or held")
      ->check(CLI::IsMember({"active", "deferred", "held"}));
}

struct Verb {
  const char* name;
  AdminRequest::Verb verb;
  const char* text;
  const char* did;
};
constexpr Verb kVerbs[] = {
    {"hold", AdminRequest::HOLD, "Stop delivery until released", "held"},
    {"release", AdminRequest::RELEASE, "Let held messages be delivered", "released"},
    {"retry", AdminRequest::RETRY, "Attempt delivery now", "to be attempted now:"},
    {"delete", AdminRequest::DELETE, "Delete without a report to the sender", "deleted"},
};

}  // namespace

void add_queue_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("queue", "What waits for delivery");
  group->require_subcommand(1);
  const auto options = std::make_shared<FilterOptions>();
  const auto id = std::make_shared<std::string>();

  CLI::App* listed = group->add_subcommand("list", "The messages, oldest first");
  add_filters(*listed, *options);
  listed->callback([&context, options] { list(context, *options); });
  group->add_subcommand("summary", "How much waits for each destination, and why")
      ->callback([&context] { summary(context); });

  CLI::App* shown = group->add_subcommand("show", "All about one message");
  shown->add_option("id", *id)->required();
  shown->callback([&context, id] { show(context, *id); });
  CLI::App* content = group->add_subcommand("cat", "A message as it is stored");
  content->add_option("id", *id)->required();
  content->callback([&context, id] { cat(context, *id); });

  add_verify_command(*group, context);

  for (const Verb& verb : kVerbs) {
    CLI::App* command = group->add_subcommand(verb.name, verb.text);
    command->add_option("ids", options->ids, "Messages by id");
    command->add_flag("--all", options->all, "Every message");
    add_filters(*command, *options);
    command->callback([&context, options, verb] { act(context, verb.verb, *options, verb.did); });
  }
}

}  // namespace postrider::ctl

// queue_commands.cc - postrider queue: what waits.
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
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
#include "ctl/queue_summary.h"
#include "ctl/queue_view.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using ipc::AdminReply;
using ipc::AdminRequest;
using nlohmann::json;

AdminRequest request_of(AdminRequest::Verb verb, const FilterOptions& options) {
  AdminRequest request;
  request.set_verb(verb);
  *request.mutable_filter() = options.filter(SystemClock().now());
  return request;
}

// With --json each message is shown as it comes, in one document that ends only if the list is
// whole.
void list(Context& context, FilterOptions options) {
  // A list that names nothing is of everything.
  if (options.is_empty()) options.all = true;
  MessageList messages(context.json);
  if (!ask_queued(context, request_of(AdminRequest::LIST, options),
                  [&](const AdminReply& reply, const Fd&) { messages.show(reply); }))
    return;
  messages.end({});
  if (!context.json && messages.count() == 0) fmt::print("the queue is empty\n");
}

void show(Context& context, const std::string& id) {
  json document;
  std::string text;
  const WallTime now = SystemClock().now();
  const bool done = ask_queued(context, request_of(AdminRequest::SHOW, {.ids = {id}}),
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
  const bool done = ask_queued(context, request_of(AdminRequest::CAT, {.ids = {id}}),
                               [&](const AdminReply& reply, const Fd& descriptor) {
                                 if (!reply.has_content() || !descriptor) return;
                                 const std::string& trace = reply.content().trace();
                                 std::fwrite(trace.data(), 1, trace.size(), stdout);
                                 copied = copy_out(descriptor.get(), reply.content().offset(),
                                                   reply.content().length());
                               });
  if (done && !copied) context.refuse(copied.error());
}

void summary(Context& context) {
  std::vector<ipc::SummaryRow> rows;
  json outages = json::array();
  json pauses = json::array();
  std::string stopped;
  if (!ask_queued(context, request_of(AdminRequest::SUMMARY, {.all = true}),
                  [&](const AdminReply& reply, const Fd&) {
                    rows.insert(rows.end(), reply.summary().begin(), reply.summary().end());
                    for (const ipc::Pause& pause : reply.pauses()) {
                      pauses.push_back(to_json(pause));
                      stopped += wrapped(to_line(pause), terminal_width());
                    }
                    for (const ipc::Outage& outage : reply.outages()) {
                      outages.push_back(to_json(outage));
                      stopped += wrapped(to_line(outage), terminal_width());
                    }
                  }))
    return;
  const WallTime now = SystemClock().now();
  json document{{"summary", json::array()},
                {"reasons", json::array()},
                {"outages", std::move(outages)},
                {"pauses", std::move(pauses)}};
  std::string text;
  for (const ipc::SummaryRow& row : rows) document["summary"].push_back(to_json(row));
  for (const WaitingCause& cause : causes_of(rows)) {
    text += wrapped(to_line(cause), terminal_width());
    for (const WaitingReason& reason : cause.reasons) {
      document["reasons"].push_back(to_json(reason));
      text += wrapped(to_line(reason, now), terminal_width());
    }
  }
  context.answer(document, rows.empty() ? stopped + "the queue is empty\n"
                                        : text + stopped + "\n" + to_text(rows, now));
}

}  // namespace

void add_queue_commands(Command app, Context& context) {
  const Command group = app.add_subcommand("queue", "What waits for delivery");
  group.require_subcommand();
  const auto options = std::make_shared<FilterOptions>();
  const auto id = std::make_shared<std::string>();

  const Command listed =
      group.add_subcommand("list", "The messages, by the reason why they wait, oldest first");
  add_filter_options(listed, *options);
  listed.callback([&context, options] { list(context, *options); });
  group.add_subcommand("summary", "How much waits for each destination, and why")
      .callback([&context] { summary(context); });

  const Command shown = group.add_subcommand("show", "All about one message");
  shown.add_option("id", *id).required();
  shown.callback([&context, id] { show(context, *id); });
  const Command content = group.add_subcommand("cat", "A message as it is stored");
  content.add_option("id", *id).required();
  content.callback([&context, id] { cat(context, *id); });

  add_verify_command(group, context);

  add_queue_verbs(group, context);
}

}  // namespace postrider::ctl

// status_commands.cc - postrider status: how the suite is.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <vector>

#include "common/base/clock.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "common/metrics/reading.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/mailbox_rooms.h"
#include "ctl/queue_client.h"
#include "ctl/queue_view.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;

json counters(const std::string& run_directory) {
  json document = json::object();
  const metrics::Counts sums = metrics::read(run_directory).sum();
  for (std::size_t i = 0; i < metrics::kCounters; ++i) {
    const auto counter = static_cast<metrics::Counter>(i);
    const metrics::MetricText& text = metrics::text_of(counter);
    document[text.labels.empty() ? std::string(text.name)
                                 : fmt::format("{}{{{}}}", text.name, text.labels)] =
        sums[counter];
  }
  return document;
}

Result<std::vector<directory::User>> users_of(const config::Settings& settings) {
  auto directory = directory::DirectoryEditor::open(
      fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName), sqlite::Access::read);
  if (!directory) return tl::unexpected<Error>(std::move(directory.error()));
  return directory->users();
}

void status(Context& context) {
  const auto settings = context.settings();
  if (!settings) return;
  ipc::AdminRequest request;
  request.set_verb(ipc::AdminRequest::STATUS);
  ipc::QueueStatus queue;
  json pauses = json::array();
  std::string paused;
  if (!ask_queued(context, *settings, request, [&](const ipc::AdminReply& reply, const Fd&) {
        if (reply.has_status()) queue = reply.status();
        for (const ipc::Pause& pause : reply.pauses()) {
          pauses.push_back(to_json(pause));
          paused += wrapped(to_line(pause), terminal_width());
        }
      }))
    return;
  json document = to_json(queue);
  document["pauses"] = std::move(pauses);
  document["counters"] = counters(settings->paths.run);
  std::string mailboxes;
  if (const auto users = users_of(*settings)) {
    const auto nearly_full = MailboxRooms(*settings).nearly_full(*users);
    document["mailboxes_nearly_full"] = to_json(nearly_full);
    mailboxes = to_text(nearly_full);
  } else {
    document["mailboxes_nearly_full"] = nullptr;
    mailboxes = fmt::format("mailboxes: {}\n", printable(users.error().text));
  }
  context.answer(document, paused + to_text(queue, SystemClock().now()) + mailboxes);
}

}  // namespace

void add_status_command(CLI::App& app, Context& context) {
  app.add_subcommand("status", "Whether the suite runs, and how much waits")->callback([&context] {
    status(context);
  });
}

}  // namespace postrider::ctl

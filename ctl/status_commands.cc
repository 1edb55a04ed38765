// status_commands.cc - postrider status and postrider explain: how the suite is, and what it would
// do.
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/metrics/counters.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/queue_client.h"
#include "ctl/queue_view.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;

json counters(const std::string& run_directory) {
  json document = json::object();
  const auto sums = metrics::read_all(run_directory);
  for (std::size_t i = 0; i < sums.size(); ++i)
    document[std::string(metrics::text_of(static_cast<metrics::Counter>(i)).name)] = sums[i];
  return document;
}

void status(Context& context) {
  const auto settings = context.settings();
  if (!settings) return;
  ipc::AdminRequest request;
  request.set_verb(ipc::AdminRequest::STATUS);
  ipc::QueueStatus queue;
  if (!ask_queued(context, *settings, request, [&](const ipc::AdminReply& reply, const Fd&) {
        if (reply.has_status()) queue = reply.status();
      }))
    return;
  json document = to_json(queue);
  document["counters"] = counters(settings->paths.run);
  context.answer(document, to_text(queue, SystemClock().now()));
}

void explain(Context& context, const std::string& address) {
  const auto settings = context.settings();
  if (!settings) return;
  ipc::AdminRequest request;
  request.set_verb(ipc::AdminRequest::ROUTE);
  request.set_address(address);
  json steps = json::array();
  std::vector<std::vector<std::string>> rows;
  if (!ask_queued(context, *settings, request, [&](const ipc::AdminReply& reply, const Fd&) {
        for (const ipc::RouteStep& step : reply.route()) {
          steps.push_back({{"rule", step.rule()},
                           {"input", step.input()},
                           {"output", step.output()},
                           {"reason", step.reason()}});
          rows.push_back({step.rule(), step.input(), "-> " + step.output(), step.reason()});
        }
      }))
    return;
  context.answer({{"address", address}, {"steps", steps}}, table(rows));
}

}  // namespace

void add_status_commands(CLI::App& app, Context& context) {
  app.add_subcommand("status", "Whether the suite runs, and how much waits")->callback([&context] {
    status(context);
  });
  CLI::App* explained = app.add_subcommand("explain", "What would happen to mail for an address");
  const auto address = std::make_shared<std::string>();
  explained->add_option("address", *address)->required();
  explained->callback([&context, address] { explain(context, *address); });
}

}  // namespace postrider::ctl

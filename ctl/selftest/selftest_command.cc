// selftest_command.cc - postrider selftest: one message through the running suite.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/host_commands.h"
#include "ctl/selftest/selftest.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

double milliseconds(std::chrono::microseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

void selftest(Context& context) {
  const auto settings = context.settings();
  if (!settings) return;
  SelftestReport report;
  const auto done = test_mail(*settings, report);
  nlohmann::json document{{"works", done.has_value()}, {"steps", nlohmann::json::array()}};
  std::string text;
  std::chrono::microseconds all{0};
  for (const SelftestStep& step : report.steps) {
    all += step.took;
    document["steps"].push_back(
        {{"name", step.name}, {"milliseconds", milliseconds(step.took)}, {"text", step.text}});
    text += fmt::format("{:<10} {:8.1f} ms  {}\n", step.name, milliseconds(step.took),
                        printable(step.text));
  }
  document["milliseconds"] = milliseconds(all);
  document["left_over"] = report.left_over;
  if (!report.left_over.empty() && !context.json)
    fmt::print(stderr, "of an earlier test something is left: {}\n", printable(report.left_over));
  if (done) {
    text += fmt::format("it works  {:9.1f} ms\n", milliseconds(all));
    return context.answer(document, text);
  }
  document["reason"] = done.error().text;
  if (context.json || !report.steps.empty()) context.answer(document, text);
  context.refuse(done.error());
}

}  // namespace

void add_selftest_command(Command app, Context& context) {
  app.add_subcommand("selftest", "Send a message through the running suite, and fetch it")
      .callback([&context] { selftest(context); });
}

}  // namespace postrider::ctl

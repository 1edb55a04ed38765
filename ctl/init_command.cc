// init_command.cc - postrider init DIR: a new instance.
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/instance.h"

namespace postrider::ctl {

namespace {

void init(Context& context, const InstancePlan& plan) {
  if (const auto made = make_instance(plan); !made) return context.refuse(made.error());
  const std::string file = plan.directory + "/postrider.toml";
  const int smtp = plan.port_base + kSmtpPort;
  const int submission = plan.port_base + kSubmissionPort;
  const int submissions = plan.port_base + kSubmissionsPort;
  const int http = plan.port_base + kHttpPort;
  const int pop3 = plan.port_base + kPop3Port;
  const int pop3s = plan.port_base + kPop3sPort;
  context.answer({{"configuration", file},
                  {"smtp", smtp},
                  {"submission", submission},
                  {"submissions", submissions},
                  {"http", http},
                  {"pop3", pop3},
                  {"pop3s", pop3s}},
                 fmt::format("{0}\n"
                             "SMTP 127.0.0.1:{1}, submission {2} and under TLS {3}, POP3 {4} and "
                             "under TLS {5}, status page http://127.0.0.1:{7}/\n"
                             "Add a user and start:\n"
                             "  postrider --config {0} user add NAME@{6} --password-stdin\n"
                             "  postrider --config {0} run\n",
                             file, smtp, submission, submissions, pop3, pop3s, plan.domain, http));
}

}  // namespace

void add_init_command(Command app, Context& context) {
  const Command command = app.add_subcommand("init", "Make an instance in a new directory");
  const auto plan = std::make_shared<InstancePlan>();
  command.add_option("directory", plan->directory, "Where; must be empty or not exist").required();
  command.add_option("--hostname", plan->hostname, "The host's name, as in mx.example.org")
      .required();
  command.add_option("--domain", plan->domain, "The first domain that gets mail here").required();
  command
      .add_option(
          "--port-base", plan->port_base,
          "SMTP listens on this plus 25, submission plus 587 and 465, LMTP plus 24, HTTP plus 90, "
          "POP3 plus 110 and 995")
      .required()
      .between(0, int{kMaxPortBase});
  command.callback([&context, plan] { init(context, *plan); });
}

}  // namespace postrider::ctl

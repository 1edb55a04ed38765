// setup_command.cc - postrider setup ADDRESS: a mail server of an installed package.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/config/daemon.h"
#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/host_commands.h"
#include "ctl/password_line.h"
#include "ctl/selftest/late_signals.h"
#include "ctl/setup/dns_records.h"
#include "ctl/setup/host.h"
#include "ctl/setup/system_setup.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using nlohmann::json;

struct SetupOptions {
  std::string address, hostname;
  bool password_stdin = false;
  bool no_start = false;
};

std::string as_text(const SetupStep& step) {
  return fmt::format("{}  {:<14} {}\n", step.changed ? "made" : "kept", step.name,
                     printable(step.text));
}

json as_json(const DnsRecord& record) {
  return {{"name", record.name}, {"type", record.type}, {"data", record.data}, {"why", record.why}};
}

std::string client_settings(const SetupReport& report, const std::string& address) {
  const std::string& host = report.settings.hostname;
  return fmt::format(
      "\nMail programs\n"
      "  name      {0}\n"
      "  fetching  POP3 at {1}, port 995 under TLS (or 110 with STARTTLS)\n"
      "  sending   SMTP at {1}, port 465 under TLS (or 587 with STARTTLS), with the same name\n",
      address, host);
}

std::string dns_text(const std::vector<DnsRecord>& records, const MailDomain& mail) {
  std::string text = "\nRecords to publish, one by one\n";
  for (const DnsRecord& record : records)
    text += fmt::format("  {:<4} {}\n       {}\n", record.type, record.name, record.data);
  text += "\nThe same as lines of a zone\n" + to_zone(records);
  if (mail.addresses.empty())
    return text + fmt::format(
                      "\nWrite the address by which the world reaches this host for {}, and ask "
                      "who gave it to you to have it named {} (PTR).\n",
                      kUnknownAddress, mail.hostname);
  text += "\nAsk who gave you the addresses to have them named so (PTR)\n";
  for (const net::IpAddress& address : mail.addresses)
    text += fmt::format("  {} {}.\n", address.str(), mail.hostname);
  return text;
}

json as_json(const SetupReport& report, const std::vector<DnsRecord>& records,
             const std::string& address) {
  json document{{"address", address},
                {"hostname", report.settings.hostname},
                {"domain", report.domain},
                {"password", report.password ? json(report.password->reveal()) : json()},
                {"steps", json::array()},
                {"records", json::array()}};
  for (const SetupStep& step : report.steps)
    document["steps"].push_back(
        {{"name", step.name}, {"changed", step.changed}, {"text", step.text}});
  for (const DnsRecord& record : records) document["records"].push_back(as_json(record));
  return document;
}

// Each line is out before the next step: the user may end what takes too long.
void tell_as_it_happens(SetupPlan& plan) {
  plan.on_step = [](const SetupStep& step) {
    fmt::print("{}", as_text(step));
    std::fflush(stdout);
  };
  plan.on_password = [address = plan.address](const Secret& password) {
    fmt::print("\nThe password of {}, which is not shown again: {}\n\n", printable(address),
               password.reveal());
    std::fflush(stdout);
  };
}

void setup(Context& context, const SetupOptions& options) {
  if (context.configuration_file() == config::kDefaultPath && ::geteuid() != 0)
    return context.refuse(
        ExitStatus::refused,
        "setting up the host needs root; for a trial without, see postrider init");
  SetupPlan plan{
      options.address, options.hostname, context.configuration_file(), {}, !options.no_start};
  if (options.password_stdin) {
    auto password = read_password(std::cin);
    if (!password) return context.refuse(password.error());
    plan.password = std::move(*password);
  }
  // A document comes at the end, and has the password: who ends it before waits for that.
  std::optional<LateSignals> until_told;
  if (context.json) {
    until_told.emplace();
  } else {
    tell_as_it_happens(plan);
  }
  SetupReport report;
  if (const auto done = set_up(std::move(plan), report); !done) {
    // What was made is told, a password before all.
    if (context.json && !report.steps.empty()) {
      json document = as_json(report, {}, options.address);
      document["reason"] = done.error().text;
      context.answer(document, {});
    }
    return context.refuse(done.error());
  }
  const MailDomain mail{report.domain, report.settings.hostname, public_addresses()};
  const auto records = wanted_records(mail);
  context.answer(as_json(report, records, options.address),
                 client_settings(report, options.address) + dns_text(records, mail) +
                     "\nTry it: postrider selftest. See what is missing: postrider doctor.\n");
}

}  // namespace

void add_setup_command(Command app, Context& context) {
  const Command command = app.add_subcommand("setup", "Make a mail server of this host");
  const auto options = std::make_shared<SetupOptions>();
  command.add_option("address", options->address, "Of the first user, as in you@example.com")
      .required();
  command.add_option("--hostname", options->hostname,
                     "The host's name, if it knows it not itself, as in mail.example.com");
  command.add_flag("--password-stdin", options->password_stdin,
                   "Read the user's password from standard input; otherwise one is made");
  command.add_flag("--no-start", options->no_start, "Do not start the units");
  command.callback([&context, options] { setup(context, *options); });
}

}  // namespace postrider::ctl

// doctor_command.cc - postrider doctor: what is wrong with this host as a mail server, and what
// mends it.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/config/next_hops.h"
#include "common/net/address.h"
#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/doctor/examinations.h"
#include "ctl/host_commands.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

constexpr std::array kExaminations{&examine_configuration, &examine_rights,   &examine_directory,
                                   &examine_certificates,  &examine_services, &examine_disk,
                                   &examine_clock,         &examine_dns,      &examine_way_out};

void add(std::vector<Diagnosis>& all, const Findings& found) {
  all.insert(all.end(), found.all().begin(), found.all().end());
}

std::vector<Diagnosis> examine(const Patient& patient, const Clock& clock) {
  const Survey survey = look_once(patient.settings, clock, Depth::whole, kPatience);
  const Samples samples = read_samples(SampleFile::path(patient.settings.paths.run), survey.time);
  std::vector<Diagnosis> all;
  add(all, examine_suite(survey, samples, patient.settings));
  add(all, examine_queue(survey));
  for (const auto examination : kExaminations) add(all, examination(patient));
  sort(all);
  return all;
}

// "2 are wrong, 1 is a warning, 20 are ok."
std::string sum(const std::vector<Diagnosis>& findings) {
  const auto count = [&](Health health) {
    return std::count_if(findings.begin(), findings.end(),
                         [&](const Diagnosis& finding) { return finding.health == health; });
  };
  return fmt::format("\n{} wrong, {} to be warned of, {} ok\n", count(Health::wrong),
                     count(Health::warning), count(Health::ok));
}

// As relay.smarthost is written, but that an address may stand without brackets.
std::optional<std::string> server_of(const std::string& probe) {
  if (config::is_smarthost(probe)) return probe;
  if (const auto ip = net::IpAddress::parse(probe)) return fmt::format("[{}]", ip->str());
  if (const auto address = net::SocketAddress::parse(probe))
    return fmt::format("[{}]:{}", address->ip.str(), address->port);
  return std::nullopt;
}

void doctor(Context& context, const std::string& probe) {
  const auto server = probe.empty() ? std::string() : server_of(probe);
  if (!server)
    return context.refuse(ExitStatus::usage,
                          fmt::format("--probe {}: this is no server; write HOST, HOST:PORT or "
                                      "[ADDRESS]:PORT, with smtps: before it for TLS at once",
                                      printable(probe)));
  const auto settings = context.settings();
  if (!settings) return;
  const SystemClock clock;
  const auto findings =
      examine({context.configuration_file(), *settings, clock.now(), *server}, clock);
  const bool is_well = findings.empty() || findings.front().health != Health::wrong;
  context.answer({{"well", is_well}, {"findings", to_json(findings)}},
                 to_text(findings, terminal_width()) + sum(findings));
  if (!is_well) context.status = ExitStatus::refused;
}

}  // namespace

void add_doctor_command(Command app, Context& context) {
  const Command command =
      app.add_subcommand("doctor", "What is wrong with this mail server, and what mends it");
  const auto probe = std::make_shared<std::string>();
  command.add_option("--probe", *probe,
                     "Another server that should be reached from here: HOST or HOST:PORT");
  command.callback([&context, probe] { doctor(context, *probe); });
}

}  // namespace postrider::ctl

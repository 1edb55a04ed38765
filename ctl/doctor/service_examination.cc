// service_examination.cc - whether something answers where the configuration says that it listens.
#include <algorithm>

#include <fmt/format.h>

#include "common/config/daemon.h"
#include "ctl/doctor/examinations.h"
#include "ctl/doctor/greeting.h"
#include "ctl/doctor/held_sockets.h"
#include "ctl/reachable.h"
#include "ctl/selftest/mail_client.h"
#include "ctl/setup/systemd.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

enum class Speaks : std::uint8_t {
  first,      // a greeting in the clear
  under_tls,  // a greeting once there is TLS
  last,       // nothing before its proxy has said who comes
};

struct Service {
  std::string_view protocol;  // "smtp", "pop3"
  std::string address;
  std::string_view daemon;  // "smtpd"
  Speaks speaks = Speaks::first;
};

Speaks how(bool under_tls, bool proxy) {
  return proxy ? Speaks::last : under_tls ? Speaks::under_tls : Speaks::first;
}

std::vector<Service> services_of(const config::Settings& settings) {
  std::vector<Service> services;
  for (const config::SmtpListener& listener : settings.smtpd.listen)
    services.push_back({"smtp", listener.address, "smtpd",
                        how(listener.mode == config::SmtpMode::submissions, listener.proxy)});
  for (const config::Pop3Listener& listener : settings.pop3d.listen)
    services.push_back({"pop3", listener.address, "pop3d",
                        how(listener.tls == config::Pop3Tls::implicit, listener.proxy)});
  return services;
}

Result<std::string> hear(const Service& service, const net::SocketAddress& address) {
  if (service.speaks == Speaks::under_tls) {
    const auto done = MailClient::connect({address, MailClient::Tls::implicit}, service.protocol);
    if (!done) return pass_on(done.error());
    return "answers under TLS";
  }
  auto greeting = greeting_of({address}, kPatience);
  if (!greeting) return pass_on(std::move(greeting.error()));
  if (service.speaks == Speaks::last) return "accepts connections, for its proxies";
  const std::string_view right = service.protocol == "smtp" ? "220" : "+OK";
  if (greeting->line.starts_with(right)) return "answers";
  return fail(ErrorKind::temporary, greeting->line.empty()
                                        ? "connects, and greets nobody"
                                        : fmt::format("turns us away: {}", greeting->line));
}

void examine(Findings& findings, const Service& service) {
  const auto address = reachable(service.address);
  if (!address) return;  // a Unix socket: who runs is told with the suite
  const auto heard = hear(service, *address);
  if (heard)
    return findings.ok(fmt::format("{} at {} {}.", service.daemon, service.address, *heard));
  findings.wrong(fmt::format("{} at {} does not answer: {}", service.daemon, service.address,
                             heard.error().text),
                 fmt::format("See whether it runs, `postrider status`, and its log: journalctl "
                             "-u postrider-{}",
                             service.daemon));
}

void examine_held(Findings& findings, const HeldSocket& socket) {
  if (!is_active(std::string(socket.unit))) return;
  findings.warn(
      fmt::format("systemd listens by {}, and {} does not name it: who connects there waits in "
                  "vain, and no other program can listen there.",
                  socket.unit, socket.parameter),
      fmt::format("systemctl mask --now {}", socket.unit));
}

}  // namespace

Findings examine_services(const Patient& patient) {
  Findings findings("service");
  for (const Service& service : services_of(patient.settings)) examine(findings, service);
  if (patient.config_file == config::kDefaultPath && is_systemd_here())
    for (const HeldSocket& socket : unserved_sockets(patient.settings))
      examine_held(findings, socket);
  return findings;
}

}  // namespace postrider::ctl

// way_out_examination.cc - whether other mail servers can be reached from here: many networks let
// nobody out to port 25.
#include <array>
#include <charconv>
#include <deque>

#include <fmt/format.h>

#include "common/config/next_hops.h"
#include "ctl/doctor/dns_questions.h"
#include "ctl/doctor/examinations.h"
#include "ctl/doctor/greeting.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

// Large, in two networks, and glad to be asked: whoever reaches neither reaches hardly anybody.
constexpr std::array<const char*, 2> kLargeProviders{"gmail.com", "outlook.com"};

struct Server {
  std::string host;  // a name, or an address
  std::uint16_t port = 0;
  bool is_silent = false;  // it waits for TLS before it says anything
};

// A next hop: "HOST:PORT" or "[ADDRESS]:PORT" behind its scheme.
std::optional<Server> parse_server(std::string_view text) {
  bool is_silent = false;
  if (const config::Scheme* const scheme = config::scheme_of(text)) {
    text.remove_prefix(scheme->name.size());
    is_silent = scheme->tls_start == smtp::TlsStart::implicit;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  Server server{std::string(host), 0, is_silent};
  const std::string_view port = text.substr(colon + 1);
  const auto end = std::from_chars(port.data(), port.data() + port.size(), server.port);
  if (end.ec != std::errc() || end.ptr != port.data() + port.size() || server.port == 0)
    return std::nullopt;
  return server;
}

// The best MX of each; empty: not known.
std::vector<Server> large_servers(DnsQuestions& dns, std::uint16_t port) {
  std::deque<net::MxAnswer> answers(kLargeProviders.size());
  for (std::size_t i = 0; i < answers.size(); ++i) dns.find(kLargeProviders[i], answers[i]);
  dns.wait();
  std::vector<Server> servers;
  for (const net::MxAnswer& answer : answers)
    if (!answer.records.empty()) servers.push_back({answer.records.front().exchange, port});
  return servers;
}

std::vector<net::SocketAddress> addresses_of(DnsQuestions& dns, const Server& server) {
  std::vector<net::SocketAddress> addresses;
  if (const auto ip = net::IpAddress::parse(server.host)) return {{*ip, server.port}};
  net::AddressAnswer answer;
  dns.find(server.host, answer);
  dns.wait();
  for (const net::IpAddress& ip : answer.addresses) addresses.push_back({ip, server.port});
  return addresses;
}

// RFC 5321 section 4.2.
constexpr std::string_view kReady = "220";

constexpr const char* kBlocked =
    "The network of this host may keep it from other servers' port 25: ask who runs it to open "
    "it, or send by a smart host (relay.smarthost).";

// False: it was not reached, and why is in `failures`.
bool reaches(Findings& findings, DnsQuestions& dns, const Server& server, std::string& failures) {
  const std::string name = fmt::format("{}:{}", server.host, server.port);
  const auto addresses = addresses_of(dns, server);
  if (addresses.empty()) {
    failures += fmt::format(" {} is not found in DNS.", name);
    return false;
  }
  const auto greeting = greeting_of(addresses, kPatience);
  if (!greeting) {
    failures += fmt::format(" {}.", greeting.error().text);
    return false;
  }
  if (server.is_silent) {
    findings.ok(fmt::format("{} is reached.", name));
  } else {
    judge_greeting(findings, name, greeting->line);
  }
  return true;
}

}  // namespace

void judge_greeting(Findings& findings, const std::string& server, const std::string& line) {
  if (line.starts_with(kReady)) return findings.ok(fmt::format("{} is reached.", server));
  if (line.starts_with('4') || line.starts_with('5'))
    return findings.warn(fmt::format("{} is reached, and turns us away: {}", server, line),
                         "Its words say why; it may know this host's address for something.");
  findings.warn(line.empty()
                    ? fmt::format("{} takes a connection, and says nothing.", server)
                    : fmt::format("{} is no mail server by what it says: {}", server, line),
                fmt::format("Somebody between may answer in its place. {}", kBlocked));
}

Findings examine_way_out(const Patient& patient) {
  Findings findings("way out");
  DnsQuestions dns(patient.settings, kPatience);
  config::Settings::Relay relay = patient.settings.relay;
  if (!patient.probe.empty()) relay.smarthost = patient.probe;
  std::vector<Server> servers;
  if (relay.smarthost.empty()) {
    servers = large_servers(dns, static_cast<std::uint16_t>(relay.port));
  } else if (const auto server = parse_server(config::smarthost_next_hop(relay))) {
    servers.push_back(*server);
  }
  std::string failures;
  for (const Server& server : servers)
    if (reaches(findings, dns, server, failures)) return findings;
  if (servers.empty()) {
    findings.warn("It is not known now whether other servers are reached: DNS names none.",
                  "Ask again later, or try a server that you know: "
                  "`postrider doctor --probe HOST`.");
  } else {
    findings.wrong(fmt::format("No other server is reached.{}", failures), kBlocked);
  }
  return findings;
}

}  // namespace postrider::ctl

// smtp_sink - takes mail on addresses of loopback, keeps none, and counts what came to each.
//
//   smtp_sink [-c CERTIFICATE -k KEY] [-n MESSAGES] ADDRESS:PORT[=RATE]...
//
// Prints `ready`, and when it ends a JSON object with what each address, by that name, can tell
// (host.h). It ends after so many messages in all, or at SIGTERM. With a certificate it offers
// STARTTLS and session tickets. RATE is in messages a second.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/sink/host.h"

namespace postrider::sink {

namespace {

struct Options {
  net::TlsServer::Files tls;
  std::size_t messages = 0;  // 0: without end
  std::vector<Host::Options> hosts;
};

Host::Options parse_host(const std::string& text) {
  const std::size_t sign = text.find('=');
  const auto address = net::SocketAddress::parse(text.substr(0, sign));
  if (!address || !address->ip.is_loopback())
    throw std::runtime_error(text + ": not ADDRESS:PORT of loopback");
  Host::Options options{.address = *address, .rate = {}};
  if (sign != std::string::npos) options.rate = std::stod(text.substr(sign + 1));
  if (options.rate && *options.rate <= 0) throw std::runtime_error(text + ": no rate");
  return options;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int option = 0; (option = ::getopt(argc, argv, "c:k:n:")) != -1;) {
    switch (option) {
      case 'c': options.tls.certificate = optarg; break;
      case 'k': options.tls.key = optarg; break;
      case 'n': options.messages = std::stoul(optarg); break;
      default: throw std::runtime_error("unknown option");
    }
  }
  for (int i = optind; i < argc; ++i) options.hosts.push_back(parse_host(argv[i]));
  if (options.hosts.empty()) throw std::runtime_error("no address");
  return options;
}

std::unique_ptr<net::TlsServer> load_tls(const net::TlsServer::Files& files, net::TicketKeys& keys,
                                         const Clock& clock) {
  if (files.certificate.empty()) return nullptr;
  auto server =
      net::TlsServer::load({.files = {files}, .only_tls13 = false, .protocols = {}}, keys, clock);
  if (!server) throw std::runtime_error(server.error().text);
  return std::move(*server);
}

void report(const Options& options, const std::vector<std::unique_ptr<Host>>& hosts) {
  std::string text;
  for (std::size_t i = 0; i < hosts.size(); ++i)
    text += fmt::format(R"({}"{}":{})", text.empty() ? "" : ",", options.hosts[i].address.str(),
                        hosts[i]->report());
  fmt::print("{{{}}}\n", text);
}

int run(const Options& options) {
  event::EventLoop loop;
  const SteadyClock clock;
  net::TicketKeys keys;
  const auto tls = load_tls(options.tls, keys, clock);
  const event::Signal terminated(loop, SIGTERM, [&loop] { loop.stop(); });
  std::size_t messages = 0;
  std::vector<std::unique_ptr<Host>> hosts;
  for (const Host::Options& host : options.hosts)
    hosts.push_back(std::make_unique<Host>(host, Host::Parts{loop, clock, tls.get()}, [&] {
      // The reply to the last one is written first.
      if (++messages == options.messages) loop.defer([&loop] { loop.stop(); });
    }));
  fmt::print("ready\n");
  std::fflush(stdout);
  loop.run();
  report(options, hosts);
  return 0;
}

}  // namespace

}  // namespace postrider::sink

int main(int argc, char** argv) {
  try {
    return postrider::sink::run(postrider::sink::parse(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "smtp_sink: {}\n", error.what());
    return EXIT_FAILURE;
  }
}

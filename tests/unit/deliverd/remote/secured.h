// secured.h - a Fixture whose first server has TLS.
#pragma once

#include <string>

#include "tests/unit/deliverd/remote/fixture.h"
#include "tests/unit/net/authority.h"

namespace postrider::deliverd::testing {

// It is the one host of its domain.
struct Secured {
  Secured() : f(authority.certificate_path()) {
    f.resolver.mx["x.test"] = {net::DnsStatus::found, {{10, "mx1.test"}}, ""};
    serve("DNS:mx1.test");
  }
  void serve(const std::string& names, int until = 30) {
    auto loaded =
        net::TlsServer::load({.files = {authority.issue(names, -9, until)}}, keys, f.clock);
    REQUIRE(loaded);
    server = std::move(*loaded);
    f.server.tls = server.get();
  }
  void ask_for(TlsLevel level) { f.settings.tls_policies = {{"x.test", level, {}, false}}; }

  postrider::test::TempDirectory directory;
  net::testing::Authority authority{directory};
  net::TicketKeys keys;
  std::unique_ptr<net::TlsServer> server;
  Fixture f;
};

// Of the last line in the log that has the event.
inline std::string tls_of(const Fixture& f, const std::string& event) {
  const std::size_t line = f.log_lines.rfind("event=" + event);
  REQUIRE(line != std::string::npos);
  const std::size_t value = f.log_lines.find(" tls=", line);
  REQUIRE(value != std::string::npos);
  const std::size_t start = value + std::string_view(" tls=").size();
  if (f.log_lines[start] != '"')
    return f.log_lines.substr(start, f.log_lines.find(' ', start) - start);
  return f.log_lines.substr(start + 1, f.log_lines.find('"', start + 1) - start - 1);
}

}  // namespace postrider::deliverd::testing

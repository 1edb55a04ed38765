// Where mail goes, held against mox's cases (its zone and its expectations), without DNSSEC.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "deliverd/remote/route_hosts.h"

namespace deliverd_remote_route_hosts_peers_test {

using namespace postrider;
using namespace postrider::deliverd;
using net::DnsStatus;

namespace {

// Rows where we answer otherwise on purpose, and why.
const std::map<std::string, std::string> kDifferent{
    {"absent.example", "a name that does not exist fails at once: 5.1.2"},
    {"danglingcname.example", "so does an alias of one"},
    {"cnameloop.example", "DNS servers answer a loop with SERVFAIL: it is deferred until mended"},
};
// Rows that are no question for route_hosts().
const std::set<std::string> kElsewhere{"10.0.0.1", "cnamelimit1.example"};

// The texts in double quotes in `text`, without a final dot.
std::vector<std::string> in_quotes(std::string_view text) {
  std::vector<std::string> found;
  for (std::size_t at = text.find('"'); at != std::string_view::npos; at = text.find('"', at)) {
    const std::size_t end = text.find('"', at + 1);
    std::string value(text.substr(at + 1, end - at - 1));
    if (value.ends_with('.') && value != ".") value.pop_back();
    found.push_back(std::move(value));
    at = end + 1;
  }
  return found;
}

// mox's mock of DNS: lines of `"name.": values` in sections.
class MockDns {
 public:
  explicit MockDns(std::string literal) : literal_(std::move(literal)) {}

  net::MxAnswer find_mx(std::string name) const {
    for (int steps = 0; !values("CNAME", name).empty(); ++steps) {
      if (steps == 16 || fails("cname " + name)) return {DnsStatus::temporary, {}, "mock"};
      name = values("CNAME", name).at(1);
    }
    if (fails("mx " + name)) return {DnsStatus::temporary, {}, "mock"};
    const std::vector<std::string> hosts = values("MX", name);
    net::MxAnswer answer{DnsStatus::found, {}, ""};
    for (std::size_t i = 1; i < hosts.size(); ++i)
      answer.records.push_back({10, hosts[i] == "." ? "" : hosts[i]});
    if (!answer.records.empty()) return answer;
    const bool exists = !values("A", name).empty() || !values("AAAA", name).empty();
    return {exists ? DnsStatus::no_data : DnsStatus::no_domain, {}, "mock"};
  }

 private:
  std::vector<std::string> values(const std::string& section, const std::string& name) const {
    const std::size_t begin = literal_.find("\t" + section + ": map");
    const std::size_t end = literal_.find("\n\t\t},", begin);
    const std::size_t at = literal_.find('"' + name + ".\":", begin);
    if (at >= end) return {};
    return in_quotes(std::string_view(literal_).substr(at, literal_.find('\n', at) - at));
  }
  bool fails(const std::string& question) const {
    const std::size_t begin = literal_.find("Fail:");
    return literal_.find('"' + question + ".\"", begin) < literal_.find("\n\t\t},", begin);
  }
  const std::string literal_;
};

// "FATE host host", as mox has it: hosts, none for good, or none for now.
std::string expected(const nlohmann::json& arguments) {
  std::string text;
  for (const std::string& host : in_quotes(arguments[1]["go"].get<std::string>()))
    text += " " + host;
  if (!text.empty()) return "hosts" + text;
  return arguments[3]["go"] == "true" ? "failed" : "deferred";
}

std::string ours(const std::string& domain, const net::MxAnswer& answer) {
  SeededRandom random(1);
  HostRoute route = route_hosts(domain, answer, "me.test", random);
  std::sort(route.hosts.begin(), route.hosts.end());
  std::string text;
  for (const std::string& host : route.hosts) text += " " + host;
  if (!text.empty()) return "hosts" + text;
  return route.no_hosts.outcome == smtp::Outcome::failed ? "failed" : "deferred";
}

}  // namespace

TEST_CASE("deliverd route: agrees with mox, but for the rows told", "[deliverd]") {
  std::ifstream file(FIXTURES_DIR "/tls-policy/mox/smtpclient-gather_test.json");
  if (!file) {
    WARN("skipped: " FIXTURES_DIR "/tls-policy is not here");
    return;
  }
  const auto fixture = nlohmann::json::parse(file);
  const MockDns dns(fixture["dns_mock_go_literals"][0]["literal"].get<std::string>());
  int compared = 0;
  for (const auto& row : fixture["rows"]) {
    if (row["test"] != "TestGatherDestinations") continue;
    const std::string domain = in_quotes(row["args"][0]["go"].get<std::string>()).at(0);
    if (kElsewhere.contains(domain)) continue;
    CAPTURE(domain);
    ++compared;
    const bool same = ours(domain, dns.find_mx(domain)) == expected(row["args"]);
    CHECK(same == !kDifferent.contains(domain));
  }
  CHECK(compared == 13);
}

}  // namespace deliverd_remote_route_hosts_peers_test

#include "deliverd/remote/route_hosts.h"

#include <set>

#include <catch2/catch.hpp>

namespace deliverd_remote_route_hosts_test {

using namespace postrider;
using namespace postrider::deliverd;
using net::DnsStatus;
using smtp::Outcome;

namespace {

using Hosts = std::vector<std::string>;

struct Case {
  std::string name;
  net::MxAnswer answer;
  Hosts hosts;
  Outcome outcome = Outcome::untried;
  std::string status = "";
};

}  // namespace

TEST_CASE("deliverd route: hosts come by preference; each failure has its status", "[deliverd]") {
  const std::vector<Case> cases{
      {"by preference",
       {DnsStatus::found, {{20, "b.test"}, {10, "a.test"}}, ""},
       {"a.test", "b.test"}},
      {"each host once", {DnsStatus::found, {{10, "a.test"}, {20, "a.test"}}, ""}, {"a.test"}},
      {"no MX: the domain itself", {DnsStatus::no_data, {}, ""}, {"x.test"}},
      {"null MX", {DnsStatus::found, {{0, ""}}, ""}, {}, Outcome::failed, "5.1.10"},
      {"null MX beside another is none",
       {DnsStatus::found, {{0, ""}, {10, "a.test"}}, ""},
       {"a.test"}},
      {"no such domain", {DnsStatus::no_domain, {}, "why"}, {}, Outcome::failed, "5.1.2"},
      {"DNS does not know", {DnsStatus::temporary, {}, "why"}, {}, Outcome::deferred, "4.4.3"},
      {"we are the second",
       {DnsStatus::found, {{10, "a.test"}, {20, "ME.test"}, {30, "b.test"}}, ""},
       {"a.test"}},
      {"we are among equals",
       {DnsStatus::found, {{10, "a.test"}, {20, "b.test"}, {20, "me.test"}}, ""},
       {"a.test"}},
      {"we are the best",
       {DnsStatus::found, {{10, "me.test"}, {20, "a.test"}}, ""},
       {},
       Outcome::failed,
       "5.4.6"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    SeededRandom random(1);
    const HostRoute route = route_hosts("x.test", c.answer, "me.test", random);
    CHECK(route.hosts == c.hosts);
    if (!c.hosts.empty()) continue;
    CHECK(route.no_hosts.outcome == c.outcome);
    CHECK(route.no_hosts.reply.status == c.status);
    CHECK_FALSE(route.no_hosts.reply.text.empty());
  }
}

TEST_CASE("deliverd route: a domain without MX that is our own name loops", "[deliverd]") {
  SeededRandom random(1);
  const auto route = route_hosts("me.test", {DnsStatus::no_data, {}, ""}, "Me.Test", random);
  CHECK(route.hosts.empty());
  CHECK(route.no_hosts.reply.status == "5.4.6");
}

TEST_CASE("deliverd route: hosts of equal preference share the load", "[deliverd]") {
  SeededRandom random(1);
  const net::MxAnswer answer{
      DnsStatus::found, {{10, "a"}, {10, "b"}, {10, "c"}, {20, "d"}, {20, "e"}}, ""};
  std::set<Hosts> seen;
  for (int i = 0; i < 500; ++i) {
    const HostRoute route = route_hosts("x.test", answer, "me.test", random);
    REQUIRE(route.hosts.size() == 5);
    CHECK(std::set<std::string>(route.hosts.begin(), route.hosts.begin() + 3) ==
          std::set<std::string>{"a", "b", "c"});
    seen.insert(route.hosts);
  }
  CHECK(seen.size() == 12);  // 3! orders of the first three, 2 of the others
}

}  // namespace deliverd_remote_route_hosts_test

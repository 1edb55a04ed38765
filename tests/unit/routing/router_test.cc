#include "common/routing/router.h"

#include <catch2/catch.hpp>

#include "tests/unit/queued/fake_directory.h"

namespace routing_router_test {

using namespace postrider;
using routing::choose_next_hop;
using routing::Target;

namespace {

config::Settings settings_with(std::vector<config::Route> routes, std::string smarthost = "") {
  config::Settings settings;
  settings.relay.port = 25;
  settings.relay.smarthost = std::move(smarthost);
  settings.routes = std::move(routes);
  return settings;
}

// What the router decides, a line a target; a "step" line a rule.
std::vector<std::string> routed(const config::Settings& settings, const std::string& address,
                                std::map<std::string, std::vector<std::string>> aliases = {}) {
  event::EventLoop loop;
  test::FakeDirectory directory(loop);
  directory.aliases = std::move(aliases);
  routing::Router router(settings, directory);
  std::vector<std::string> lines;
  const auto pending = router.route(address, {}, [&](const routing::RouteAnswer& answer) {
    for (const Target& target : answer.targets)
      lines.push_back(target.address + " " +
                      (target.fate == Target::Fate::deliver ? target.next_hop : target.status));
    loop.stop();
  });
  loop.run();
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("router: the next hop by route, mailbox, smart host, MX", "[routing]") {
  using enum config::Whose;
  const auto [via, smarthost, whose, expected] =
      GENERATE(table<std::string, std::string, config::Whose, std::string>({
          {"", "", ours, "local"},
          {"", "", others, "mx:x.test"},
          {"", "relay.test", others, "smtp:relay.test:25"},
          {"", "relay.test:587", others, "smtp:relay.test:587"},
          {"", "[192.0.2.1]", others, "smtp:[192.0.2.1]:25"},
          {"", "[2001:db8::1]:26", others, "smtp:[2001:db8::1]:26"},
          {"", "relay.test", ours, "local"},
          {"", "smtps:Relay.test", others, "smtps:relay.test:465"},
          {"", "smtps:[2001:db8::1]:26", others, "smtps:[2001:db8::1]:26"},
          {"smtps:h.test", "", others, "smtps:h.test:465"},
          {"smtp:h.test", "", ours, "smtp:h.test:25"},
          {"smtp:[192.0.2.1]:2525", "relay.test", others, "smtp:[192.0.2.1]:2525"},
          {"mx", "relay.test", others, "mx:x.test"},
          {"lmtp:Store.test", "", ours, "lmtp:store.test:24"},
          {"lmtp:[192.0.2.1]:2424", "", others, "lmtp:[192.0.2.1]:2424"},
          {"lmtp:unix:/run/Store/lmtp", "", ours, "lmtp:unix:/run/Store/lmtp"},
      }));
  std::vector<config::Route> routes;
  if (!via.empty()) routes.push_back({"x.test", {via}});
  CHECK(choose_next_hop(settings_with(routes, smarthost), "a@X.test", whose, {}).next_hop ==
        expected);
}

TEST_CASE("router: a mailbox's quota goes with its address, in octets and in messages",
          "[routing]") {
  event::EventLoop loop;
  test::FakeDirectory directory(loop);
  directory.quota = {5000, 7};
  directory.aliases = {{"list@local.test", {"ann@local.test", "far@x.test"}}};
  const config::Settings settings = settings_with({});
  routing::Router router(settings, directory);
  std::vector<directory::Quota> quotas;
  const auto pending = router.route("list@local.test", {}, [&](const routing::RouteAnswer& answer) {
    for (const Target& target : answer.targets) quotas.push_back(target.quota);
    loop.stop();
  });
  loop.run();
  CHECK(quotas == std::vector<directory::Quota>{{5000, 7}, {}});
}

TEST_CASE("router: the first route that matches decides", "[routing]") {
  const auto settings = settings_with({{"a.test", {"smtp:one.test"}},
                                       {".a.test", {"smtp:two.test"}},
                                       {"b.test", {"discard:"}},
                                       {"c.test", {"hold:"}},
                                       {"*", {"smtp:rest.test"}}});
  CHECK(choose_next_hop(settings, "x@a.test", config::Whose::others, {}).next_hop ==
        "smtp:one.test:25");
  CHECK(choose_next_hop(settings, "x@deep.a.test", config::Whose::others, {}).next_hop ==
        "smtp:two.test:25");
  CHECK(choose_next_hop(settings, "x@nota.test", config::Whose::ours, {}).next_hop == "local");
  CHECK(choose_next_hop(settings, "x@nota.test", config::Whose::others, {}).next_hop ==
        "smtp:rest.test:25");
  CHECK(choose_next_hop(settings, "x@b.test", config::Whose::others, {}).fate ==
        Target::Fate::discard);
  CHECK(choose_next_hop(settings, "x@c.test", config::Whose::others, {}).fate ==
        Target::Fate::hold);
}

TEST_CASE("router: several next hops are one way, in their order", "[routing]") {
  const auto settings = settings_with({{"a.test", {"smtp:One.test", "mx", "smtps:[192.0.2.1]"}}});
  CHECK(choose_next_hop(settings, "x@A.test", config::Whose::others, {}).next_hop ==
        "smtp:one.test:25,mx:a.test,smtps:[192.0.2.1]:465");
}

TEST_CASE("router: whose mail it is may decide on its way", "[routing]") {
  const auto settings = settings_with(
      {{"*", {"smtp:news.test"}, "news.test"}, {"*", {"smtp:ada.test"}, "", "ada@here.test"}});
  const auto hop = [&](const config::RoutedMail& mail) {
    return choose_next_hop(settings, "x@a.test", config::Whose::others, mail).next_hop;
  };
  CHECK(hop({.sender = "a@news.test"}) == "smtp:news.test:25");
  CHECK(hop({.sender = "a@here.test", .account = "ada@here.test"}) == "smtp:ada.test:25");
  CHECK(hop({.sender = "a@here.test", .account = "bob@here.test"}) == "mx:a.test");
}

TEST_CASE("router: an unknown user is refused, unless a route takes the domain", "[routing]") {
  CHECK(routed(settings_with({}), "nobody@local.test") == Lines{"nobody@local.test 5.1.1"});
  CHECK(routed(settings_with({{"local.test", {"smtp:h.test"}}}), "nobody@local.test") ==
        Lines{"nobody@local.test smtp:h.test:25"});
}

TEST_CASE("router: a mail store gets mail of a domain of ours for known users alone", "[routing]") {
  const auto settings = settings_with({{"local.test", {"lmtp:unix:/run/lmtp", "lmtp:h.test"}}});
  CHECK(routed(settings, "nobody@local.test") == Lines{"nobody@local.test 5.1.1"});
  CHECK(routed(settings, "User+Tag@local.test") ==
        Lines{"User+Tag@local.test lmtp:unix:/run/lmtp,lmtp:h.test:24"});
}

TEST_CASE("router: a route takes an address as it was given, a mailbox is as the directory has it",
          "[routing]") {
  const std::string asked = GENERATE("User+Tag@Local.test", "USER@LOCAL.TEST", "user@local.test");
  CHECK(routed(settings_with({}), asked) == Lines{"user@local.test local"});
  CHECK(routed(settings_with({{"local.test", {"smtp:h.test"}}}), asked) ==
        Lines{asked + " smtp:h.test:25"});
}

TEST_CASE("router: who is quoted is found as the directory knows it", "[routing]") {
  CHECK(routed(settings_with({}), "\"two words\"@local.test",
               {{"two words@local.test", {"x@far.test"}}}) == Lines{"x@far.test mx:far.test"});
}

TEST_CASE("router: an alias may lead far, but not too far", "[routing]") {
  std::map<std::string, std::vector<std::string>> chain;
  const auto name = [](unsigned n) { return "a" + std::to_string(n) + "@local.test"; };
  for (unsigned n = 0; n < 60; ++n) chain[name(n)] = {name(n + 1)};
  CHECK(routed(settings_with({}), name(60 - routing::Router::kMaxDepth), chain) ==
        Lines{name(60) + " local"});
  CHECK(routed(settings_with({}), name(0), chain) ==
        Lines{name(routing::Router::kMaxDepth + 1) + " 5.4.6"});
}

TEST_CASE("router: one alias leads to a bounded number of addresses", "[routing][slow]") {
  std::vector<std::string> many;
  for (std::size_t n = 0; n < routing::Router::kMaxTargets + 5; ++n)
    many.push_back("u" + std::to_string(n) + "@far.test");
  const auto lines = routed(settings_with({}), "all@local.test", {{"all@local.test", many}});
  CHECK(std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
          return line.ends_with("mx:far.test");
        }) == static_cast<std::ptrdiff_t>(routing::Router::kMaxTargets) - 1);
  CHECK(std::count_if(lines.begin(), lines.end(),
                      [](const std::string& line) { return line.ends_with("5.4.6"); }) == 6);
}

}  // namespace routing_router_test

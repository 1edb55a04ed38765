#include "common/config/routes.h"

#include <catch2/catch.hpp>

namespace config_routes_test {

using namespace postrider::config;

namespace {

// `via` of the route that takes the domain, or "".
std::string taken(const std::vector<Route>& routes, std::string_view domain, Whose whose,
                  const RoutedMail& mail = {}) {
  const Route* route = find_route(routes, domain, whose, mail);
  return route == nullptr ? "" : route->via.front();
}

}  // namespace

TEST_CASE("config routes: a name takes the domain, a dot its subdomains, a star the others",
          "[config]") {
  const std::vector<Route> routes{{"A.test", {"smtp:one.test"}},
                                  {".a.test", {"smtp:two.test"}},
                                  {"b.test", {"hold:"}},
                                  {"*", {"smtp:rest.test"}}};
  const auto [domain, others, ours] = GENERATE(table<std::string, std::string, std::string>({
      {"a.test", "smtp:one.test", "smtp:one.test"},
      {"a.TEST", "smtp:one.test", "smtp:one.test"},
      {"deep.a.test", "smtp:two.test", "smtp:two.test"},
      {"very.Deep.A.test", "smtp:two.test", "smtp:two.test"},
      {"b.test", "hold:", "hold:"},
      {"nota.test", "smtp:rest.test", ""},
      {".a.test", "smtp:rest.test", ""},
      {"test", "smtp:rest.test", ""},
      {"[192.0.2.1]", "smtp:rest.test", ""},
      {"", "smtp:rest.test", ""},
  }));
  CAPTURE(domain);
  CHECK(taken(routes, domain, Whose::others) == others);
  CHECK(taken(routes, domain, Whose::ours) == ours);
}

TEST_CASE("config routes: the first that matches counts", "[config]") {
  const std::vector<Route> routes{{"*", {"mx"}}, {"a.test", {"hold:"}}, {"a.test", {"discard:"}}};
  CHECK(taken(routes, "a.test", Whose::others) == "mx");
  CHECK(taken(routes, "a.test", Whose::ours) == "hold:");
  CHECK(taken({}, "a.test", Whose::others).empty());
}

TEST_CASE("config routes: sender and account, where said, have to match as well", "[config]") {
  const std::vector<Route> routes{{"x.test", {"mx"}, "news.test", "ada@a.test"},
                                  {"x.test", {"smtp:account.test"}, "", "ada@a.test"},
                                  {"x.test", {"smtp:users.test"}, "", "a.test"},
                                  {"x.test", {"smtp:sender.test"}, ".b.test"},
                                  {"*", {"smtp:anybody.test"}, "*"}};
  const auto [sender, account, via] = GENERATE(table<std::string, std::string, std::string>({
      {"a@News.test", "ada@A.test", "mx"},
      {"a@other.test", "ADA@a.test", "smtp:account.test"},
      {"a@news.test", "bob@a.test", "smtp:users.test"},
      {"", "bob@a.test", "smtp:users.test"},
      {"a@deep.b.test", "", "smtp:sender.test"},
      {"a@deep.b.test", "ada@nota.test", "smtp:sender.test"},
      {"a@b.test", "", "smtp:anybody.test"},
      {"a@news.test", "", "smtp:anybody.test"},
      {"", "", "smtp:anybody.test"},
  }));
  CAPTURE(sender, account);
  CHECK(taken(routes, "x.test", Whose::others, {sender, account}) == via);
}

TEST_CASE("config routes: behind one that holds stands where mail goes when it is released",
          "[config]") {
  const std::vector<Route> routes{
      {"a.test", {"hold:"}}, {".test", {"smtp:one.test"}}, {"b.test", {"mx"}}};
  CHECK(taken(routes, "a.test", Whose::ours, {.holds = Holds::pass}) == "smtp:one.test");
  CHECK(taken(routes, "b.test", Whose::ours, {.holds = Holds::pass}) == "smtp:one.test");
  CHECK(taken({{"a.test", {"hold:"}}}, "a.test", Whose::ours, {.holds = Holds::pass}).empty());
}

TEST_CASE("config routes: what may stand behind match and via", "[config]") {
  for (const char* match : {"*", "a.test", ".a.test"}) CHECK(is_route_match(match));
  for (const char* match : {"", ".", "*.a.test", "..a.test", "u@a.test"})
    CHECK_FALSE(is_route_match(match));
  for (const char* via : {"mx", "discard:", "hold:", "smtp:a.test", "lmtp:unix:/run/lmtp"})
    CHECK(is_route_via(via));
  for (const char* via : {"", "local", "hold", "discard", "smtp:"}) CHECK_FALSE(is_route_via(via));
}

TEST_CASE("config routes: one next hop that speaks LMTP leads to a mail store", "[config]") {
  CHECK(leads_to_store({"a.test", {"lmtp:a.test"}}));
  CHECK(leads_to_store({"a.test", {"smtp:a.test", "lmtp:unix:/run/lmtp"}}));
  CHECK_FALSE(leads_to_store({"a.test", {"smtp:lmtp.test", "mx"}}));
  CHECK_FALSE(leads_to_store({"a.test", {"hold:"}}));
}

TEST_CASE("config routes: what may stand behind account", "[config]") {
  for (const char* right : {"ada@a.test", "a.test"}) CHECK(is_route_account(right));
  for (const char* wrong : {"", "@a.test", "ada@", "*", ".a.test"})
    CHECK_FALSE(is_route_account(wrong));
}

}  // namespace config_routes_test

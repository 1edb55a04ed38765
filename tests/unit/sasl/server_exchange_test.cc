#include "common/sasl/server_exchange.h"

#include <catch2/catch.hpp>

#include "common/base/overloaded.h"
#include "tests/unit/sasl/scram_client.h"

namespace sasl_server_exchange_test {

using namespace postrider;
using namespace postrider::sasl;
using sasl::testing::ScramClient;

namespace {

const ChannelBindings kBound{.tls_exporter = "32 octets of the TLS connection.", .tls_unique = {}};
constexpr const char* kSalt = "0123456789abcdef";
constexpr unsigned kIterations = 2;

ScramUser user_with(std::initializer_list<const char*> passwords) {
  ScramUser user{kSalt, kIterations, {}};
  for (const char* password : passwords)
    user.keys.push_back(*derive_scram_keys(Secret(password), kSalt, kIterations));
  return user;
}

std::string shown(const Step& step) {
  return std::visit(
      Overloaded{
          [](const Challenge& c) { return "challenge " + c.octets; },
          [](const AskPassword& a) { return a.user + " with " + std::string(a.password.reveal()); },
          [](const AskKeys& a) { return "keys of " + a.user; },
          [](const Proven& p) { return "proven " + std::to_string(p.keys); },
          [](const Refused& r) -> std::string {
            switch (r.why) {
              case Refused::Why::malformed: return "malformed";
              case Refused::Why::password: return "password";
              case Refused::Why::channel: return "channel";
              case Refused::Why::another: return "another";
            }
            return "";
          },
      },
      step);
}

std::string octets_of(const Step& step) {
  REQUIRE(std::holds_alternative<Challenge>(step));
  return std::get<Challenge>(step).octets;
}

Secret said(std::string_view octets) { return Secret(std::string(octets)); }

// A whole exchange of SCRAM; what it came to.
std::string play(ServerExchange& exchange, ScramClient& client, ScramUser user) {
  const Step first = exchange.begin(Secret(client.first()));
  if (!std::holds_alternative<AskKeys>(first)) return shown(first);
  const Step challenge = exchange.on_keys(std::move(user));
  if (!std::holds_alternative<Challenge>(challenge)) return shown(challenge);
  const Step last = exchange.on_response(Secret(client.last(octets_of(challenge))));
  if (!std::holds_alternative<Challenge>(last)) return shown(last);
  CHECK(octets_of(last) == client.expected());
  return shown(exchange.on_response(Secret()));
}

}  // namespace

TEST_CASE("sasl exchange: PLAIN with its message at once or after a challenge", "[sasl]") {
  using namespace std::string_literals;
  struct Case {
    std::string message;
    std::string_view outcome;
  };
  for (const Case& c :
       {Case{"\0anna\0secret"s, "anna with secret"},
        Case{"anna\0anna\0secret"s, "anna with secret"},
        Case{"Anna\0anna\0secret"s, "anna with secret"}, Case{"bert\0anna\0secret"s, "another"},
        Case{"\0anna\0a\xcc\x88"s, "anna with \xc3\xa4"}, Case{"\0anna\0"s, "anna with "},
        Case{""s, "malformed"}, Case{"anna"s, "malformed"}, Case{"\0\0"s, "malformed"},
        Case{"\0anna"s, "malformed"}, Case{"\0anna\0secret\0"s, "malformed"},
        Case{"\0anna\0\xff"s, "malformed"}}) {
    CAPTURE(c.message);
    ServerExchange at_once(Mechanism::plain, {});
    CHECK(shown(at_once.begin(said(c.message))) == c.outcome);
    ServerExchange asked(Mechanism::plain, {});
    CHECK(shown(asked.begin(std::nullopt)) == "challenge ");
    CHECK(shown(asked.on_response(said(c.message))) == c.outcome);
  }
}

TEST_CASE("sasl exchange: LOGIN asks for user and password, in words that every client knows",
          "[sasl]") {
  ServerExchange exchange(Mechanism::login, {});
  CHECK(shown(exchange.begin(std::nullopt)) == "challenge Username:");
  CHECK(shown(exchange.on_response(said("anna"))) == "challenge Password:");
  CHECK(shown(exchange.on_response(said("secret"))) == "anna with secret");

  ServerExchange named(Mechanism::login, {});
  CHECK(shown(named.begin(said("anna"))) == "challenge Password:");
  CHECK(shown(named.on_response(said(""))) == "malformed");

  ServerExchange nobody(Mechanism::login, {});
  CHECK(shown(nobody.begin(said(""))) == "malformed");
}

TEST_CASE("sasl exchange: SCRAM is proven by any of the user's passwords", "[sasl]") {
  for (const auto& [password, outcome] : {std::pair{"main", "proven 0"},
                                          {"phone", "proven 1"},
                                          {"tablet", "proven 2"},
                                          {"none", "password"}}) {
    CAPTURE(password);
    ScramClient client("anna", password);
    ServerExchange exchange(Mechanism::scram_sha_256, {});
    CHECK(play(exchange, client, user_with({"main", "phone", "tablet"})) == outcome);
    CHECK(exchange.user() == "anna");
  }
}

TEST_CASE("sasl exchange: who has no keys is refused at the end, as who is wrong", "[sasl]") {
  ScramClient client("nobody", "secret");
  ServerExchange exchange(Mechanism::scram_sha_256, {});
  CHECK(play(exchange, client, user_with({})) == "password");
}

TEST_CASE("sasl exchange: SCRAM with channel binding", "[sasl]") {
  ScramClient client("anna", "secret");
  struct Case {
    std::string_view header, binding, outcome;
  };
  const Case cases[] = {
      {"p=tls-exporter,,", kBound.tls_exporter, "proven 0"},
      {"p=tls-exporter,,", "another connection", "channel"},
      {"p=tls-exporter,,", "", "channel"},
      {"p=tls-unique,,", kBound.tls_exporter, "channel"},
      {"p=tls-server-end-point,,", kBound.tls_exporter, "channel"},
      {"n,,", "", "channel"},
      {"y,,", "", "channel"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.header, c.binding);
    client.header = c.header;
    client.binding = c.binding;
    ServerExchange exchange(Mechanism::scram_sha_256_plus, kBound);
    CHECK(play(exchange, client, user_with({"secret"})) == c.outcome);
  }
}

TEST_CASE("sasl exchange: who could bind but believes that we cannot was told so by a third",
          "[sasl]") {
  ScramClient client("anna", "secret");
  client.header = "y,,";
  ServerExchange bound(Mechanism::scram_sha_256, kBound);
  CHECK(play(bound, client, user_with({"secret"})) == "channel");
  ServerExchange clear(Mechanism::scram_sha_256, {});
  CHECK(play(clear, client, user_with({"secret"})) == "proven 0");
}

TEST_CASE("sasl exchange: what is no SCRAM, and who would act for another", "[sasl]") {
  for (const auto& [first, outcome] : {std::pair{"", "malformed"},
                                       {"n", "malformed"},
                                       {"n,,", "malformed"},
                                       {"n,,n=,r=abc", "malformed"},
                                       {"x,,n=anna,r=abc", "malformed"},
                                       {"n,,n=an=2Cna,r=abc", "keys of an,na"},
                                       {"n,a=anna,n=anna,r=abc", "keys of anna"},
                                       {"n,a=bert,n=anna,r=abc", "another"}}) {
    CAPTURE(first);
    ServerExchange exchange(Mechanism::scram_sha_256, {});
    CHECK(shown(exchange.begin(said(first))) == outcome);
  }
}

TEST_CASE("sasl exchange: at the end of SCRAM the client says nothing more", "[sasl]") {
  ScramClient client("anna", "secret");
  ServerExchange exchange(Mechanism::scram_sha_256, {});
  static_cast<void>(exchange.begin(Secret(client.first())));
  const std::string server_first = octets_of(exchange.on_keys(user_with({"secret"})));
  static_cast<void>(exchange.on_response(Secret(client.last(server_first))));
  CHECK(shown(exchange.on_response(said("more"))) == "malformed");
}

TEST_CASE("sasl exchange: a nonce of another exchange proves nothing", "[sasl]") {
  ScramClient client("anna", "secret");
  ServerExchange one(Mechanism::scram_sha_256, {});
  static_cast<void>(one.begin(Secret(client.first())));
  const std::string server_first = octets_of(one.on_keys(user_with({"secret"})));
  ServerExchange other(Mechanism::scram_sha_256, {});
  static_cast<void>(other.begin(Secret(client.first())));
  static_cast<void>(other.on_keys(user_with({"secret"})));
  CHECK(shown(other.on_response(Secret(client.last(server_first)))) == "password");
}

TEST_CASE("sasl exchange: a user's name has the length of an address", "[sasl]") {
  const std::string longest(320, 'a');
  for (const auto& [user, outcome] :
       {std::pair{longest, longest + " with x"}, {longest + 'a', std::string("malformed")}}) {
    ServerExchange plain(Mechanism::plain, {});
    CHECK(shown(plain.begin(said(std::string(1, '\0') + user + std::string(1, '\0') + 'x'))) ==
          outcome);
    CHECK(plain.user().size() == user.size());
  }
  ServerExchange scram(Mechanism::scram_sha_256, {});
  CHECK(shown(scram.begin(said("n,,n=" + longest + "aa,r=abc"))) == "malformed");
  CHECK(scram.user().size() == 321);
}

}  // namespace sasl_server_exchange_test

#include "common/sasl/client_exchange.h"

#include <catch2/catch.hpp>

#include "common/sasl/server_exchange.h"

namespace sasl_client_exchange_test {

using namespace postrider;
using namespace postrider::sasl;
using namespace std::string_literals;

namespace {

const ChannelBindings kBound{.tls_exporter = "32 octets of the TLS connection.", .tls_unique = {}};
const ChannelBindings kOther{.tls_exporter = "32 octets of another connection.", .tls_unique = {}};
constexpr const char* kSalt = "0123456789abcdef";
constexpr unsigned kIterations = 4096;

Login anna(const char* password) { return {"anna", Secret(password)}; }

ScramUser user_with(const char* password) {
  return {kSalt, kIterations, {*derive_scram_keys(Secret(password), kSalt, kIterations)}};
}

std::string text(const std::optional<Secret>& message) {
  REQUIRE(message);
  return std::string(message->reveal());
}

// A whole exchange with our own server, which knows `known`; what the server says at its end.
std::string play(ClientExchange& client, Mechanism mechanism, const ChannelBindings& bindings,
                 const char* known) {
  ServerExchange server(mechanism, bindings);
  auto initial = client.begin();
  Step step = server.begin(std::move(initial));
  for (;;) {
    if (std::holds_alternative<AskKeys>(step)) {
      step = server.on_keys(user_with(known));
    } else if (const auto* challenge = std::get_if<Challenge>(&step)) {
      auto answer = client.on_challenge(challenge->octets);
      if (!answer) return "the client gives up";
      step = server.on_response(std::move(*answer));
    } else if (const auto* ask = std::get_if<AskPassword>(&step)) {
      return ask->user + " with " + std::string(ask->password.reveal());
    } else {
      return std::holds_alternative<Proven>(step) ? "proven" : "refused";
    }
  }
}

}  // namespace

TEST_CASE("sasl client: our own server understands each mechanism", "[sasl]") {
  const auto [mechanism, outcome] = GENERATE(table<Mechanism, std::string>({
      {Mechanism::plain, "anna with secret"},
      {Mechanism::login, "anna with secret"},
      {Mechanism::scram_sha_256, "proven"},
      {Mechanism::scram_sha_256_plus, "proven"},
  }));
  const ChannelBindings bindings =
      mechanism == Mechanism::scram_sha_256_plus ? kBound : ChannelBindings{};
  const Login login = anna("secret");
  ClientExchange client(mechanism, login, bindings);
  CHECK_FALSE(client.complete());
  CHECK(play(client, mechanism, bindings, "secret") == outcome);
  CHECK(client.complete());
}

TEST_CASE("sasl client: PLAIN is one message, LOGIN answers two questions", "[sasl]") {
  const Login login = anna("secret");
  ClientExchange plain(Mechanism::plain, login, {});
  CHECK(text(plain.begin()) == "\0anna\0secret"s);
  CHECK(plain.complete());
  CHECK_FALSE(plain.on_challenge("more?"));
  ClientExchange asked(Mechanism::login, login, {});
  CHECK_FALSE(asked.begin());
  CHECK(text(asked.on_challenge("Username:")) == "anna");
  CHECK_FALSE(asked.complete());
  CHECK(text(asked.on_challenge("whatever")) == "secret");
  CHECK(asked.complete());
}

TEST_CASE("sasl client: with SCRAM a wrong password proves nothing", "[sasl]") {
  const Login login = anna("wrong");
  ClientExchange client(Mechanism::scram_sha_256, login, {});
  CHECK(play(client, Mechanism::scram_sha_256, {}, "secret") == "refused");
  CHECK_FALSE(client.complete());
}

TEST_CASE("sasl client: a server at the end of another TLS connection is found out", "[sasl]") {
  const Login login = anna("secret");
  ClientExchange client(Mechanism::scram_sha_256_plus, login, kBound);
  CHECK(play(client, Mechanism::scram_sha_256_plus, kOther, "secret") == "refused");
  CHECK_FALSE(client.complete());
}

TEST_CASE("sasl client: a server that does not know the password is not believed", "[sasl]") {
  const Login login = anna("secret");
  ClientExchange client(Mechanism::scram_sha_256, login, {});
  const std::string first = text(client.begin());
  const std::string nonce = first.substr(first.find(",r=") + 3);
  SECTION("what is no challenge") {
    CHECK_FALSE(client.on_challenge(GENERATE(as<std::string>(), "", "x", "r=abc,s=QQ==,i=1")));
  }
  SECTION("iterations that are too few, or more than can be borne") {
    for (const char* iterations :
         {"0", "1", "4095", "1000001", "4294967295", "99999999999999999999", "-1", "", "4096x"}) {
      CAPTURE(iterations);
      ClientExchange other(Mechanism::scram_sha_256, login, {});
      const std::string said = text(other.begin());
      CHECK_FALSE(other.on_challenge("r=" + said.substr(said.find(",r=") + 3) +
                                     "more,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=" + iterations));
    }
  }
  SECTION("no proof") {
    REQUIRE(client.on_challenge("r=" + nonce + "more,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=4096"));
    CHECK_FALSE(client.complete());
    CHECK_FALSE(client.on_challenge("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
  }
  CHECK_FALSE(client.complete());
}

}  // namespace sasl_client_exchange_test

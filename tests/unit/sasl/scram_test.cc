#include "common/sasl/scram.h"

#include <catch2/catch.hpp>

#include "common/base/base64.h"
#include "tests/unit/sasl/scram_client.h"

namespace sasl_scram_test {

using namespace postrider;
using namespace postrider::sasl;
using sasl::testing::ScramClient;

namespace {

// RFC 7677 section 3.
const ScramMessages kExample{
    "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="};
constexpr std::string_view kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramKeys keys_of(const char* password) {
  return *derive_scram_keys(Secret(password), *from_base64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
}

}  // namespace

TEST_CASE("scram: the example of RFC 7677 is proven by its password and by no other", "[sasl]") {
  CHECK(proves(kExample, keys_of("pencil")));
  CHECK_FALSE(proves(kExample, keys_of("Pencil")));
  CHECK_FALSE(proves(kExample, ScramKeys{}));
}

TEST_CASE("scram: the client of these tests says what RFC 7677 has it say", "[sasl]") {
  ScramClient client("user", "pencil");
  CHECK(client.first() == kExample.client_first);
  CHECK(client.last(std::string(kExample.server_first)) == kExample.client_final);
  CHECK(client.expected() == kServerFinal);
}

TEST_CASE("scram: another message, or none, proves nothing", "[sasl]") {
  const ScramKeys keys = keys_of("pencil");
  const auto with = [&](std::string_view ScramMessages::*which, std::string_view message) {
    ScramMessages messages = kExample;
    messages.*which = message;
    return proves(messages, keys);
  };
  CHECK_FALSE(with(&ScramMessages::client_first, "n,,n=user,r=rOprNGfwEbeRWgbNEkqP"));
  CHECK_FALSE(with(&ScramMessages::client_first, "n,n=user"));
  CHECK_FALSE(with(&ScramMessages::client_first, ""));
  CHECK_FALSE(with(&ScramMessages::server_first, ""));
  CHECK_FALSE(with(&ScramMessages::client_final, ""));
  CHECK_FALSE(with(&ScramMessages::client_final, "c=biws,r=x,p="));
  CHECK_FALSE(with(&ScramMessages::client_final, "c=biws,r=x,p=*"));
  CHECK_FALSE(with(&ScramMessages::client_final, "c=biws,r=x,p=AAAA"));
}

TEST_CASE("scram: a password is the same however its characters are typed", "[sasl]") {
  struct Case {
    std::string typed;
    std::string prepared;
  };
  for (const Case& c : {Case{"plain", "plain"}, Case{"I\xc2\xadX", "IX"},  // RFC 4013 section 3
                        Case{"\xc2\xaa", "a"}, Case{"\xe2\x85\xa8", "IX"},
                        Case{"a\xcc\x88", "\xc3\xa4"}, Case{"a\xc2\xa0z", "a z"},
                        // Octets that are no UTF-8, and characters that may not be.
                        Case{"latin \xe4", "latin \xe4"}, Case{"\x07", "\x07"},
                        Case{std::string("a\0b", 3), std::string("a\0b", 3)}, Case{"", ""}}) {
    CAPTURE(c.typed);
    CHECK(prepared(Secret(c.typed)).reveal() == c.prepared);
  }
  CHECK(derive_scram_keys(Secret("a\xcc\x88"), "salt", 2).value() ==
        derive_scram_keys(Secret("\xc3\xa4"), "salt", 2).value());
}

TEST_CASE("scram: the keys depend on password, salt and iterations", "[sasl]") {
  const auto keys = [](const char* password, const char* salt, unsigned iterations) {
    return derive_scram_keys(Secret(password), salt, iterations).value();
  };
  const ScramKeys some = keys("secret", "salt", 2);
  CHECK(some == keys("secret", "salt", 2));
  CHECK_FALSE(some == keys("secreu", "salt", 2));
  CHECK_FALSE(some == keys("secret", "sale", 2));
  CHECK_FALSE(some == keys("secret", "salt", 3));
  CHECK_FALSE(derive_scram_keys(Secret(std::string("a\0b", 3)), "salt", 2));
}

}  // namespace sasl_scram_test

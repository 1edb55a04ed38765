#include "common/sasl/mechanism.h"

#include <catch2/catch.hpp>

namespace sasl_mechanism_test {

using namespace postrider::sasl;

TEST_CASE("sasl mechanisms: what is offered can be chosen, in any case", "[sasl]") {
  CHECK(mechanism_names(Binding::none) == "SCRAM-SHA-256 PLAIN LOGIN");
  CHECK(mechanism_names(Binding::possible) == "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN");
  for (const Mechanism mechanism : {Mechanism::plain, Mechanism::login, Mechanism::scram_sha_256,
                                    Mechanism::scram_sha_256_plus})
    CHECK(find_mechanism(name_of(mechanism), Binding::possible) == mechanism);
  CHECK(find_mechanism("plain", Binding::none) == Mechanism::plain);
}

TEST_CASE("sasl mechanisms: what is not offered cannot be chosen", "[sasl]") {
  CHECK_FALSE(find_mechanism("SCRAM-SHA-256-PLUS", Binding::none));
  for (const char* name :
       {"", "PLAI", "PLAINX", "CRAM-MD5", "NTLM", "ANONYMOUS", "EXTERNAL", "SCRAM-SHA-1", "GSSAPI"})
    CHECK_FALSE(find_mechanism(name, Binding::possible));
}

}  // namespace sasl_mechanism_test

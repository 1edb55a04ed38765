#include "common/sasl/apop.h"

#include <string>

#include <catch2/catch.hpp>

namespace sasl_apop_test {

using namespace postrider;
using namespace postrider::sasl;

namespace {

constexpr const char* kTimestamp = "<1896.697170952@dbc.mtview.ca.us>";
constexpr const char* kDigest = "c4c9334bac560ecc979e58001b3e22fb";

}  // namespace

TEST_CASE("sasl apop: the digest of RFC 1939 section 7 fits, and no other", "[sasl]") {
  CHECK(apop_fits(kTimestamp, Secret("tanstaaf"), kDigest));
  CHECK_FALSE(apop_fits(kTimestamp, Secret("tanstaa"), kDigest));
  CHECK_FALSE(apop_fits("<1896.697170953@dbc.mtview.ca.us>", Secret("tanstaaf"), kDigest));
  for (std::size_t i = 0; i < kApopDigest; ++i) {
    std::string digest = kDigest;
    digest[i] = digest[i] == '0' ? '1' : '0';
    CHECK_FALSE(apop_fits(kTimestamp, Secret("tanstaaf"), digest));
  }
}

TEST_CASE("sasl apop: a digest of another length or in upper case does not fit", "[sasl]") {
  const std::string digest = kDigest;
  const std::string given = GENERATE_COPY(std::string(), digest.substr(1), digest + "0",
                                          std::string("C4C9334BAC560ECC979E58001B3E22FB"));
  CHECK_FALSE(apop_fits(kTimestamp, Secret("tanstaaf"), given));
}

}  // namespace sasl_apop_test

#include "common/config/tls.h"

#include <catch2/catch.hpp>

#include "common/config/load.h"

namespace config_tls_test {

using namespace postrider;

TEST_CASE("config tls: the first certificate is that of the host, the others follow in their order",
          "[config]") {
  config::Settings settings = config::defaults();
  settings.tls.certificate = "/a.pem";
  settings.tls.key = "/a.key";
  settings.tls.additional = {{"/b.pem", "/b.key"}, {"/c.pem", "/c.key"}};
  const auto options = config::tls_options(settings, {"smtp"});
  REQUIRE(options.files.size() == 3);
  CHECK(options.files[0].certificate == "/a.pem");
  CHECK(options.files[0].key == "/a.key");
  CHECK(options.files[2].certificate == "/c.pem");
  CHECK(options.files[2].key == "/c.key");
  CHECK(options.protocols == std::vector<std::string>{"smtp"});
  CHECK_FALSE(options.only_tls13);
  settings.tls.min_version = "1.3";
  CHECK(config::tls_options(settings, {}).only_tls13);
}

}  // namespace config_tls_test

#include "common/config/next_hops.h"

#include <catch2/catch.hpp>

namespace config_next_hops_test {

using namespace postrider::config;

TEST_CASE("config next hops: what leads to a server", "[config]") {
  const auto* const via =
      GENERATE("mx", "smtp:a.test", "smtp:a.test:25", "smtp:[192.0.2.1]", "smtp:[2001:db8::1]:2525",
               "smtps:a.test", "smtps:a.test:4650", "smtps:[192.0.2.1]", "smtps:[2001:db8::1]:465",
               "lmtp:a.test", "lmtp:a.test:2424", "lmtp:[192.0.2.1]:24", "lmtp:unix:/run/a b/lmtp");
  CAPTURE(via);
  CHECK(is_next_hop(via));
}

TEST_CASE("config next hops: what leads to none", "[config]") {
  const auto* const via =
      GENERATE("", "local", "MX", "hold:", "smtp:", "smtp:a.test:", "smtp:a.test:0",
               "smtp:[a.test]", "smtp:[192.0.2.1", "smtp:[192.0.2.1]25", "smtp:unix:/run/lmtp",
               "smtps", "smtps:", "smtps:a.test:", "smtps:a.test:0", "smtps:a.test:65536",
               "smtps:a.test:imap", "smtps:192.0.2.1", "smtps:2001:db8::1", "smtps:[2001:db8::1",
               "smtps:[2001:db8::1]465", "smtps://a.test", "smtps:unix:/run/lmtp", "SMTPS:a.test",
               "lmtps:a.test", "lmtp:", "lmtp:a.test:25", "lmtp:[192.0.2.1]:25",
               "lmtp:unix:", "lmtp:unix:lmtp", "lmtp:unix:/a,b", "lmtp:unix:/a\n");
  CAPTURE(via);
  CHECK_FALSE(is_next_hop(via));
}

TEST_CASE("config next hops: a socket's path is no longer than the kernel takes it", "[config]") {
  const std::string longest = "/" + std::string(106, 'x');
  CHECK(lmtp_socket("lmtp:unix:" + longest) == longest);
  CHECK_FALSE(lmtp_socket("lmtp:unix:" + longest + "x"));
}

TEST_CASE("config next hops: in the queue each has its port, and is in lower case", "[config]") {
  const auto [via, name] = GENERATE(table<std::string, std::string>({
      {"smtp:A.test", "smtp:a.test:26"},
      {"smtp:a.test:587", "smtp:a.test:587"},
      {"smtp:[2001:DB8::1]", "smtp:[2001:db8::1]:26"},
      {"smtps:A.test", "smtps:a.test:465"},
      {"smtps:a.test:26", "smtps:a.test:26"},
      {"smtps:[192.0.2.1]", "smtps:[192.0.2.1]:465"},
      {"smtps:[2001:db8::1]", "smtps:[2001:db8::1]:465"},
      {"smtps:[2001:db8::1]:26", "smtps:[2001:db8::1]:26"},
      {"lmtp:A.test", "lmtp:a.test:24"},
      {"lmtp:unix:/run/Store", "lmtp:unix:/run/Store"},
  }));
  CHECK(next_hop_by(via, 26) == name);
}

TEST_CASE("config next hops: the smart host is a server, whose TLS may be implicit", "[config]") {
  const auto [smarthost, name] = GENERATE(table<std::string, std::string>({
      {"Relay.test", "smtp:relay.test:26"},
      {"relay.test:587", "smtp:relay.test:587"},
      {"[2001:db8::1]", "smtp:[2001:db8::1]:26"},
      {"smtps:Relay.test", "smtps:relay.test:465"},
      {"smtps:relay.test:4650", "smtps:relay.test:4650"},
      {"smtps:[2001:db8::1]", "smtps:[2001:db8::1]:465"},
      {"smtps:465", "smtp:smtps:465"},  // a host of that name
  }));
  CAPTURE(smarthost);
  CHECK(is_smarthost(smarthost));
  CHECK(smarthost_next_hop({.port = 26, .smarthost = smarthost}) == name);
}

TEST_CASE("config next hops: what is no smart host", "[config]") {
  const auto* const wrong =
      GENERATE("", "smtp:", "smtp:relay.test", "lmtp:relay.test", "lmtp:unix:/run/lmtp",
               "smtps:", "smtps:relay.test:0", "smtps:smtps:relay.test", "smtps:[relay.test]");
  CAPTURE(wrong);
  CHECK_FALSE(is_smarthost(wrong));
}

TEST_CASE("config next hops: a server is a host or an address in brackets, and perhaps a port",
          "[config]") {
  for (const char* right : {"relay.test", "relay.test:587", "[192.0.2.1]", "[192.0.2.1]:587",
                            "[2001:db8::1]", "[2001:db8::1]:25"}) {
    CAPTURE(right);
    CHECK(is_server(right));
  }
  for (const char* wrong :
       {"", ":25", "192.0.2.1", "192.0.2.1:25", "2001:db8::1", "2001:db8::1:25", "[192.0.2.1",
        "[192.0.2.1]25", "[192.0.2.1]:", "[relay.test]", "[relay.test]:25", "relay.test:0",
        "relay.test:65536", "relay.test:", "relay.test:25:25", "a b", "[]"}) {
    CAPTURE(wrong);
    CHECK_FALSE(is_server(wrong));
  }
}

}  // namespace config_next_hops_test

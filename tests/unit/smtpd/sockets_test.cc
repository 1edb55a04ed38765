#include "smtpd/sockets.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "common/net/connector.h"
#include "tests/unit/temp_directory.h"

namespace smtpd_sockets_test {

using namespace postrider;
using namespace postrider::smtpd;
using config::SmtpMode;

namespace {

config::Settings listening_on(std::vector<config::SmtpListener> listeners) {
  config::Settings settings;
  settings.smtpd.listen = std::move(listeners);
  return settings;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

}  // namespace

TEST_CASE("smtpd sockets: a Unix socket is open to all of the host, and gone with its listener",
          "[smtpd]") {
  const postrider::test::TempDirectory folder;
  const std::string path = folder.path() + "/lmtp.sock";
  Sockets sockets;
  REQUIRE(sockets.open(listening_on({{"unix:" + path, SmtpMode::lmtp}})));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(S_ISSOCK(status.st_mode));
  CHECK((status.st_mode & 0777) == 0666);
  CHECK(net::connect_unix(path));
  REQUIRE(sockets.open(listening_on({})));
  CHECK_FALSE(exists(path));
}

TEST_CASE("smtpd sockets: opening again keeps what is open, with what the listener is now",
          "[smtpd]") {
  const postrider::test::TempDirectory folder;
  const std::string address = "unix:" + folder.path() + "/lmtp.sock";
  Sockets sockets;
  REQUIRE(sockets.open(listening_on({{address, SmtpMode::lmtp}})));
  const int fd = sockets.listening().at(0).fd;
  const config::SmtpListener masked{address, SmtpMode::lmtp, {"DSN"}};
  REQUIRE(sockets.open(listening_on({masked, {"127.0.0.1:0", SmtpMode::mx}})));
  REQUIRE(sockets.listening().size() == 2);
  CHECK(sockets.listening()[1].fd == fd);
  CHECK(sockets.listening()[1].listener == masked);
  CHECK(net::connect_unix(folder.path() + "/lmtp.sock"));
}

TEST_CASE("smtpd sockets: after an error all is as it was", "[smtpd]") {
  const postrider::test::TempDirectory folder;
  const std::string address = "unix:" + folder.path() + "/lmtp.sock";
  Sockets sockets;
  REQUIRE(sockets.open(listening_on({{address, SmtpMode::lmtp}})));
  const auto opened =
      sockets.open(listening_on({{"unix:" + folder.path() + "/new.sock", SmtpMode::lmtp},
                                 {"unix:" + folder.path() + "/none/x", SmtpMode::lmtp}}));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().text.find("/none/x") != std::string::npos);
  CHECK_FALSE(exists(folder.path() + "/new.sock"));
  CHECK(sockets.listening().size() == 1);
  CHECK(net::connect_unix(folder.path() + "/lmtp.sock"));
}

TEST_CASE("smtpd sockets: what is withdrawn leaves no name", "[smtpd]") {
  const postrider::test::TempDirectory folder;
  const std::string path = folder.path() + "/lmtp.sock";
  Sockets sockets;
  REQUIRE(sockets.open(listening_on({{"unix:" + path, SmtpMode::lmtp}})));
  sockets.withdraw();
  CHECK(sockets.listening().empty());
  CHECK_FALSE(exists(path));
}

}  // namespace smtpd_sockets_test

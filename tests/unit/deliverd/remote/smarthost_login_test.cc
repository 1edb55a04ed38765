#include "deliverd/remote/smarthost_login.h"

#include <sys/stat.h>

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace deliverd_remote_smarthost_login_test {

using namespace postrider;
using deliverd::kMaxPassword;

namespace {

// What becomes of a password file with this content and these rights: the password in quotes, or
// the error without the file's name.
std::string loaded(const std::string& content, mode_t rights = 0640) {
  const test::TempDirectory directory;
  const std::string path = directory.path("password");
  std::ofstream(path) << content;
  REQUIRE(::chmod(path.c_str(), rights) == 0);
  config::Settings settings;
  settings.relay.smarthost_user = "anna";
  settings.relay.smarthost_password_file = path;
  const auto login = deliverd::load_smarthost_login(settings);
  if (!login) {
    REQUIRE(login.error().text.starts_with(path + ": "));
    return login.error().text.substr(path.size() + 2);
  }
  REQUIRE(*login);
  CHECK((*login)->user == "anna");
  return "'" + std::string((*login)->password.reveal()) + "'";
}

}  // namespace

TEST_CASE("deliverd smarthost login: the file holds a password, with or without a line end",
          "[deliverd]") {
  CHECK(loaded("secret") == "'secret'");
  CHECK(loaded("secret\n") == "'secret'");
  CHECK(loaded("secret\r\n") == "'secret'");
  CHECK(loaded(" with blanks \n") == "' with blanks '");
  CHECK(loaded(std::string(kMaxPassword, 'x') + "\r\n") ==
        "'" + std::string(kMaxPassword, 'x') + "'");
}

TEST_CASE("deliverd smarthost login: what else it holds is refused", "[deliverd]") {
  for (const char* content : {"", "\n", "\r\n"}) CHECK(loaded(content) == "holds no password");
  for (const std::string& content :
       {std::string("a\nb\n"), std::string("a\n\n"), std::string("a\0b", 3), std::string("\ta")})
    CHECK(loaded(content) == "holds more than one line, or a control character");
  for (const std::size_t more : {1U, 2U, 3U, 1000U})
    CHECK(loaded(std::string(kMaxPassword + more, 'x')) == "a password has at most 1024 octets");
}

TEST_CASE("deliverd smarthost login: a file that everyone may read or write is refused",
          "[deliverd]") {
  for (const mode_t rights : {0644U, 0642U, 0606U})
    CHECK(loaded("secret", rights) ==
          "holds a password, and every user may read or write it: chmod o-rw");
  for (const mode_t rights : {0600U, 0640U, 0660U, 0641U})
    CHECK(loaded("secret", rights) == "'secret'");
}

TEST_CASE("deliverd smarthost login: without a user there is none, without a file it fails",
          "[deliverd]") {
  config::Settings settings;
  auto login = deliverd::load_smarthost_login(settings);
  REQUIRE(login);
  CHECK_FALSE(*login);
  const test::TempDirectory directory;
  settings.relay.smarthost_user = "anna";
  settings.relay.smarthost_password_file = directory.path("absent");
  CHECK_FALSE(deliverd::load_smarthost_login(settings));
  settings.relay.smarthost_password_file = directory.path(".");
  CHECK_FALSE(deliverd::load_smarthost_login(settings));
}

}  // namespace deliverd_remote_smarthost_login_test

#include "common/auth/login_table.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace auth_login_table_test {

using namespace postrider;
using postrider::test::TempDirectory;
using namespace std::chrono_literals;
using auth::LoginRecord;
using auth::LoginTable;
using directory::Service;

namespace {

constexpr WallTime kThen{1'800'000'000s};

LoginRecord::Event event(std::chrono::seconds after, std::string client = "192.0.2.1") {
  return {kThen + after, std::move(client)};
}

struct Fixture {
  void add(Service service, const LoginRecord& record, const std::string& mailbox = "ada@a.test") {
    auto table = LoginTable::open(LoginTable::path(folder.path(), service));
    REQUIRE(table);
    REQUIRE(table->add({{mailbox, record}}));
  }
  LoginRecord of(const std::string& mailbox = "ada@a.test") {
    const auto records = LoginTable::read(folder.path());
    REQUIRE(records);
    const auto found = records->find(mailbox);
    return found == records->end() ? LoginRecord() : found->second;
  }

  TempDirectory folder;
};

LoginRecord failed(std::uint64_t times, LoginRecord::Event last) {
  return {std::nullopt, times, std::move(last)};
}

}  // namespace

TEST_CASE("login table: a service that nobody used has none", "[auth][logins]") {
  Fixture f;
  CHECK(f.of() == LoginRecord());
  CHECK(LoginTable::forget(f.folder.path(), Service::pop3, "ada@a.test"));
}

TEST_CASE("login table: failures add up until somebody logs in", "[auth][logins]") {
  Fixture f;
  f.add(Service::pop3, failed(2, event(1s)));
  f.add(Service::pop3, failed(3, event(2s, "2001:db8::1")));
  CHECK(f.of() == failed(5, event(2s, "2001:db8::1")));
  f.add(Service::pop3, {event(3s), 0, std::nullopt});
  CHECK(f.of() == LoginRecord{event(3s), 0, event(2s, "2001:db8::1")});
  f.add(Service::pop3, {event(4s), 1, event(5s)});
  CHECK(f.of() == LoginRecord{event(4s), 1, event(5s)});
}

TEST_CASE("login table: workers may write in another order than that of the logins",
          "[auth][logins]") {
  Fixture f;
  f.add(Service::pop3, failed(1, event(2s)));
  f.add(Service::pop3, {event(1s), 0, std::nullopt});
  CHECK(f.of() == LoginRecord{event(1s), 1, event(2s)});
  f.add(Service::pop3, {event(9s), 0, std::nullopt});
  f.add(Service::pop3, {event(7s), 4, event(8s)});
  CHECK(f.of() == LoginRecord{event(9s), 0, event(8s)});
}

TEST_CASE("login table: what services know of a user is shown together", "[auth][logins]") {
  Fixture f;
  f.add(Service::smtp, {event(10s, "192.0.2.9"), 2, event(12s)});
  f.add(Service::pop3, {event(5s), 1, event(6s)});
  CHECK(f.of() == LoginRecord{event(10s, "192.0.2.9"), 2, event(12s)});
  f.add(Service::pop3, {event(20s), 1, event(30s)});
  CHECK(f.of() == LoginRecord{event(20s), 1, event(30s)});
}

TEST_CASE("login table: who is forgotten begins anew, and nobody else", "[auth][logins]") {
  Fixture f;
  for (const Service service : {Service::smtp, Service::pop3}) {
    f.add(service, failed(1, event(1s)));
    f.add(service, failed(1, event(1s)), "bob@a.test");
  }
  for (const Service service : {Service::smtp, Service::pop3})
    REQUIRE(LoginTable::forget(f.folder.path(), service, "ada@a.test"));
  CHECK(f.of() == LoginRecord());
  CHECK(f.of("bob@a.test").failures == 2);
}

TEST_CASE("login table: a file that is none is an error that names it", "[auth][logins]") {
  Fixture f;
  const std::string path = LoginTable::path(f.folder.path(), Service::pop3);
  std::filesystem::create_directories(LoginTable::folder(f.folder.path(), Service::pop3));
  std::ofstream(path) << std::string(4096, 'x');
  const auto records = LoginTable::read(f.folder.path());
  REQUIRE_FALSE(records);
  CHECK(records.error().text.find(path) != std::string::npos);
}

}  // namespace auth_login_table_test

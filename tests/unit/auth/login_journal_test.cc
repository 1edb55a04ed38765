#include "common/auth/login_journal.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace auth_login_journal_test {

using namespace postrider;
using auth::LoginJournal;
using auth::LoginTable;
using postrider::test::TempDirectory;

namespace {

struct Fixture {
  Fixture() { begin(); }
  void begin() {
    journal.emplace(loop, clock, log, LoginTable::path(folder.path(), directory::Service::pop3));
  }
  // As a process that ends, and another that begins.
  auth::LoginRecords written() {
    begin();
    const auto records = LoginTable::read(folder.path());
    REQUIRE(records);
    return *records;
  }

  TempDirectory folder;
  event::EventLoop loop;
  ManualClock clock;
  std::string lines;
  log::Logger log{"test", log::Level::info, log::Format::logfmt, clock,
                  [this](std::string_view text) { lines += text; }};
  const net::IpAddress client = *net::IpAddress::parse("192.0.2.1");
  std::optional<LoginJournal> journal;
};

}  // namespace

TEST_CASE("login journal: what was noted is written at the end of the process", "[auth][logins]") {
  Fixture f;
  f.journal->note_failure("ada@a.test", f.client);
  f.journal->note_login("ada@a.test", f.client);
  f.journal->note_failure("ada@a.test", f.client);
  f.journal->note_failure("bob@a.test", f.client);
  const auto records = f.written();
  REQUIRE(records.size() == 2);
  CHECK(records.at("ada@a.test").failures == 1);
  CHECK(records.at("ada@a.test").last_login->when == f.clock.now());
  CHECK(records.at("ada@a.test").last_login->client == "192.0.2.1");
  CHECK_FALSE(records.at("bob@a.test").last_login);
}

TEST_CASE("login journal: of a table that cannot be written the log tells", "[auth][logins]") {
  Fixture f;
  std::filesystem::create_directories(
      LoginTable::folder(f.folder.path(), directory::Service::pop3));
  std::ofstream(LoginTable::path(f.folder.path(), directory::Service::pop3))
      << std::string(4096, 'x');
  f.journal->note_login("ada@a.test", f.client);
  f.journal.reset();
  CHECK(f.lines.find("event=logins_not_recorded") != std::string::npos);
}

}  // namespace auth_login_journal_test

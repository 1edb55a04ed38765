#include "ctl/entries_csv.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace ctl_entries_csv_test {

using namespace postrider;

namespace {

std::string faults_of(std::string_view table) {
  std::string all;
  for (const auto& fault : ctl::read_csv_entries(table).faults)
    all += fault.place + "." + fault.field + ": " + fault.text + "\n";
  return all;
}

}  // namespace

TEST_CASE("directory table: a list of users needs no kind", "[ctl][csv]") {
  const auto read = ctl::read_csv_entries(
      "Address,Password,Quota\r\nada@a.test,correct horse,5GiB\r\nbob@a.test,,1000\r\n\r\n");
  REQUIRE(read.faults.empty());
  REQUIRE(read.entries.users.size() == 2);
  CHECK(read.entries.users[0].address == "ada@a.test");
  CHECK(read.entries.users[0].place == "line 2");
  CHECK(read.entries.users[0].password->reveal() == "correct horse");
  CHECK(*read.entries.users[0].settings.rules.quota == std::uint64_t{5} << 30U);
  CHECK_FALSE(read.entries.users[1].password);
  CHECK(*read.entries.users[1].settings.rules.quota == 1000);
  CHECK_FALSE(read.entries.users[1].send_as);
}

TEST_CASE("directory table: what is written is read back", "[ctl][csv]") {
  const std::string table =
      "kind,address,target,quota,retention,disabled,expires,send_as,scope,password_hash,"
      "quota_messages,trash\r\n"
      "domain,a.test,,,30,,,,,,,\r\n"
      "domain_alias,b.test,a.test,,,,,,,,,\r\n"
      "user,ada@a.test,,0,,true,2027-12-31T00:00:00Z,x@a.test @b.test,pop3,$argon2id$x,,7\r\n"
      "alias,all@a.test,ada@a.test,,,,,,,,,\r\n"
      "alias,all@a.test,eve@c.test,,,,,,,,,\r\n";
  const auto first = ctl::read_csv_entries(table);
  REQUIRE(first.faults.empty());
  CHECK(first.entries.aliases.size() == 1);
  CHECK(first.entries.aliases[0].alias.targets.size() == 2);
  CHECK(first.entries.users[0].send_as->size() == 2);
  const auto second = ctl::read_csv_entries(ctl::to_csv(first.entries));
  REQUIRE(second.faults.empty());
  CHECK(ctl::to_json(second.entries) == ctl::to_json(first.entries));
}

TEST_CASE("directory table: of a column that is missing nothing is said", "[ctl][csv]") {
  const auto read = ctl::read_csv_entries(
      "kind,address,quota,disabled\r\nuser,ada@a.test,,\r\ndomain,a.test,5,true\r\n");
  REQUIRE(read.faults.empty());
  const auto& user = read.entries.users.at(0).settings;
  REQUIRE(user.rules.quota);
  CHECK_FALSE(*user.rules.quota);
  CHECK(user.disabled == false);
  CHECK_FALSE(user.rules.retention);
  CHECK_FALSE(user.scope);
  CHECK_FALSE(user.expires);
  CHECK(read.entries.domains.at(0).settings.disabled == true);
  CHECK_FALSE(read.entries.domains.at(0).settings.rules.trash);
}

TEST_CASE("directory table: a row that ends early says nothing of the rest", "[ctl][csv]") {
  const auto read = ctl::read_csv_entries("kind,address,disabled,expires\r\nuser,ada@a.test\r\n");
  REQUIRE(read.faults.empty());
  CHECK_FALSE(read.entries.users.at(0).settings.disabled);
  CHECK_FALSE(read.entries.users.at(0).settings.expires);
}

TEST_CASE("directory table: each fault is told by its line and column", "[ctl][csv]") {
  CHECK(faults_of("").find("empty") != std::string::npos);
  CHECK(faults_of("name;quota\r\n").find("line 1.name;quota: is no column") == 0);
  CHECK(faults_of("quota\r\n").find("line 1.address: is a column that is needed") == 0);
  CHECK(faults_of("address,address\r\n").find("twice") != std::string::npos);
  CHECK(faults_of("address,quota,scope,disabled,expires\r\n,big,imap,perhaps,soon\r\n") ==
        "line 2.address: is needed\n"
        "line 2.quota: is a whole number, or empty\n" +
            faults_of("address,scope\r\nx@a.test,imap\r\n") +
            "line 2.disabled: is true or false\n"
            "line 2.expires: is a time, as in 2027-12-31T00:00:00Z, or empty\n");
  CHECK(faults_of("address,expires\r\na@a.test,1969-12-31T00:00:00Z\r\n").find("is a time") !=
        std::string::npos);
  CHECK(faults_of("kind,address\r\nuser,a@a.test,x\r\n") ==
        "line 2.: has 3 fields, but the first row names 2 columns\n");
  CHECK(faults_of("kind,address,quota\r\nalias,a@a.test,5\r\n").find("is empty for a row") !=
        std::string::npos);
  CHECK(faults_of("kind,address\r\nmailbox,a@a.test\r\n").find("domain, domain_alias, user") !=
        std::string::npos);
}

}  // namespace ctl_entries_csv_test

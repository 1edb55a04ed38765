#include "common/directory/import.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/directory/password.h"
#include "ctl/entries_csv.h"
#include "ctl/entries_json.h"
#include "tests/unit/temp_directory.h"

namespace directory_import_test {

using namespace postrider;
using namespace postrider::directory;

namespace {

DirectoryEditor open(const test::TempDirectory& directory, const char* name) {
  return std::move(*DirectoryEditor::open(directory.path(name), sqlite::Access::create));
}

DirectoryEditor open_with_anna(const test::TempDirectory& directory) {
  DirectoryEditor editor = open(directory, "to.db");
  REQUIRE(editor.add_domain("a.test"));
  REQUIRE(editor.add_user("anna@a.test"));
  REQUIRE(editor.set_password("anna@a.test", Secret("correct horse")));
  return editor;
}

std::string exported(DirectoryEditor& editor) {
  const auto entries = editor.entries();
  REQUIRE(entries);
  return ctl::to_json(*entries).dump(1);
}

// What is wrong, a line each.
std::string imported(DirectoryEditor& editor, const std::string& text, bool dry_run = false,
                     std::uint64_t history = 0) {
  auto read = ctl::read_entries(text);
  if (read.faults.empty()) {
    const auto outcome = editor.take_over(read.entries, {{.history = history}, dry_run});
    REQUIRE(outcome);
    read.faults = outcome->faults;
  }
  std::string lines;
  for (const auto& fault : read.faults)
    lines += fault.place + "|" + fault.field + "|" + fault.text + "\n";
  return lines;
}

}  // namespace

TEST_CASE("import: what was exported comes back the same", "[directory][slow]") {
  const test::TempDirectory directory;
  DirectoryEditor from = open(directory, "from.db");
  REQUIRE(from.add_domain("example.org", {{.quota = 5, .retention = 30}, true}));
  REQUIRE(from.add_domain_alias("alias.test", "example.org"));
  REQUIRE(from.add_user("anna@example.org", {.rules = {.quota_messages = 0}, .expires = 2000}));
  REQUIRE(from.add_user("bert@example.org", {.scope = {.pop3 = true}, .disabled = true}));
  REQUIRE(from.set_password("anna@example.org", Secret("secret")));
  REQUIRE(from.add_app_password("anna@example.org", {"phone", {.smtp = true}, 1000, 2000}));
  REQUIRE(from.add_send_right("anna@example.org", "@else.test"));
  REQUIRE(from.add_alias("@example.org", std::vector<std::string>{"anna@example.org"}));
  const std::string text = exported(from);
  DirectoryEditor to = open(directory, "to.db");
  CHECK(imported(to, text, true).empty());
  CHECK(to.users()->empty());
  CHECK(imported(to, text).empty());
  CHECK(exported(to) == text);
  CHECK(imported(to, text).empty());  // again, over what is there
  CHECK(exported(to) == text);
}

TEST_CASE("import: every fault is told at once, and nothing is changed", "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor to = open(directory, "to.db");
  const std::string before = exported(to);
  const std::string faults = imported(to, R"({"postrider_directory": 1,
    "domains": [{"name": "a.test"}, {"name": "A.test"}, {"name": "no domain"}],
    "users": [{"address": "x@a.test", "password": ""}, {"address": "y@b.test"},
              {"address": "z@a.test", "password": "z"}, {"address": "w@a.test",
               "password_hash": "{MD5}x"}],
    "aliases": [{"address": "x@a.test", "targets": ["y@c.test"]}]})");
  for (const char* fault :
       {"domains[1]|name|a.test is there already: domains[0]; leave one", "domains[2]|name|'no",
        "users[1]||no domain b.test", "users[2]|password|the password is made of",
        "users[3]|password_hash|is no argon2id hash", "aliases[0]|address|x@a.test is there"}) {
    CAPTURE(fault, faults);
    CHECK(faults.find(fault) != std::string::npos);
  }
  CHECK(exported(to) == before);
}

TEST_CASE("import: what only the real pass can find is a fault, and undoes what was done",
          "[directory][slow]") {
  const test::TempDirectory directory;
  DirectoryEditor to = open(directory, "to.db");
  const PasswordPolicy policy{.history = 2};
  REQUIRE(to.add_domain("a.test"));
  REQUIRE(to.add_user("anna@a.test"));
  for (const char* used : {"correct horse", "battery staple"})
    REQUIRE(to.set_password("anna@a.test", Secret(used), policy));
  const std::string before = exported(to);
  const std::string text = R"({"postrider_directory": 1, "domains": [{"name": "b.test"}],
    "users": [{"address": "anna@a.test", "password": "correct horse"}]})";
  CHECK(imported(to, text, true, policy.history).empty());
  CHECK(imported(to, text, false, policy.history)
            .starts_with("users[0]|password|the password is one of"));
  CHECK(exported(to) == before);
}

TEST_CASE("import: a table that was exported leaves the keys of SCRAM where they are",
          "[directory][slow]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = open_with_anna(directory);
  const std::string before = exported(editor);
  REQUIRE_FALSE(editor.entries()->users.at(0).kept.scram.empty());
  auto read = ctl::read_csv_entries(ctl::to_csv(*editor.entries()));
  REQUIRE(read.faults.empty());
  read.entries.users.at(0).password_changed = 0;
  CHECK(editor.take_over(read.entries, {})->faults.empty());
  CHECK(exported(editor) == before);
}

TEST_CASE("import: when a password was changed is taken, though the keys of SCRAM stay",
          "[directory][slow]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = open_with_anna(directory);
  REQUIRE(editor.add_app_password("anna@a.test", {"phone", {.smtp = true}, 1000, 2000}));
  auto entries = *editor.entries();
  const std::string before = exported(editor);
  entries.scram.reset();
  entries.users.at(0).password_changed = 4711;
  entries.users.at(0).kept.scram.clear();
  entries.users.at(0).app_passwords->at(0).kept.scram.clear();
  CHECK(editor.take_over(entries, {})->faults.empty());
  CHECK(editor.user("anna@a.test")->password_changed == 4711);
  CHECK_FALSE(editor.entries()->users.at(0).kept.scram.empty());
  CHECK_FALSE(editor.entries()->users.at(0).app_passwords->at(0).kept.scram.empty());
  entries.users.at(0).kept = {"", std::string(64, 'k')};
  CHECK_FALSE(editor.take_over(entries, {})->faults.empty());
}

TEST_CASE("import: a password that another hash replaces is one that was used before",
          "[directory][slow]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = open(directory, "to.db");
  const PasswordPolicy policy{.history = 2};
  REQUIRE(editor.add_domain("a.test"));
  REQUIRE(editor.add_user("anna@a.test"));
  REQUIRE(editor.set_password("anna@a.test", Secret("correct horse"), policy));
  const std::string hash = hash_password(Secret("battery staple")).value();
  CHECK(imported(editor,
                 R"({"postrider_directory": 1, "users": [{"address": "anna@a.test",
                     "password_hash": ")" +
                     hash + "\"}]}",
                 false, policy.history)
            .empty());
  CHECK(editor.entries()->users.at(0).kept.scram.empty());
  CHECK_FALSE(editor.set_password("anna@a.test", Secret("correct horse"), policy));
}

TEST_CASE("import: a setting that the file says nothing of stays as it is", "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = open(directory, "to.db");
  REQUIRE(editor.add_domain("a.test", {{.quota = 5, .retention = 30}, true}));
  REQUIRE(editor.add_user("anna@a.test", {.rules = {.quota = 7, .quota_messages = 8},
                                          .scope = {.pop3 = true},
                                          .disabled = true,
                                          .expires = 2000}));
  const std::string before = exported(editor);
  CHECK(imported(editor, R"({"postrider_directory": 1, "domains": [{"name": "a.test"}],
    "users": [{"address": "anna@a.test"}]})")
            .empty());
  const auto table = ctl::read_csv_entries("address\r\nanna@a.test\r\n");
  CHECK(editor.take_over(table.entries, {})->faults.empty());
  CHECK(exported(editor) == before);
  CHECK(imported(editor, R"({"postrider_directory": 1,
    "domains": [{"name": "a.test", "quota": null, "disabled": false}],
    "users": [{"address": "anna@a.test", "quota": null, "scope": "", "expires": ""}]})")
            .empty());
  CHECK(editor.domains()->at(0).settings == DomainSettings{{.retention = 30}, false});
  CHECK(editor.user("anna@a.test")->settings ==
        UserSettings{.rules = {.quota_messages = 8}, .disabled = true});
}

TEST_CASE("import: what is no directory is told with its place", "[directory]") {
  struct Case {
    const char* text;
    const char* fault;
  };
  for (const Case& c :
       {Case{"", "line 1||here the text is no JSON"}, Case{"{\n\n x", "line 3||here"},
        Case{"[]", "||is an object"}, Case{"{}", "|postrider_directory|is 1"},
        Case{R"({"postrider_directory": 1, "user": []})", "|user|is unknown here"},
        Case{R"({"postrider_directory": 1, "users": [{}]})", "users[0]|address|is needed"},
        Case{R"({"postrider_directory": 1, "users": [{"address": "a@b.test", "quota": -1}]})",
             "users[0]|quota|is a whole number"},
        Case{R"({"postrider_directory": 1, "users": {}})", "|users|is a list"},
        Case{R"({"postrider_directory": 1e999})", "||the document cannot be read"},
        Case{R"({"postrider_directory": 1, "users": [{"address": "a@b.test",
                 "expires": "1970-01-01T00:00:00Z"}]})",
             "users[0]|expires|is a time"},
        Case{R"([[[[[[[[[[[[1]]]]]]]]]]]])", "||the document goes deeper"}}) {
    const auto read = ctl::read_entries(c.text);
    REQUIRE_FALSE(read.faults.empty());
    const auto& fault = read.faults.front();
    const std::string told = fault.place + "|" + fault.field + "|" + fault.text;
    CAPTURE(told);
    CHECK(told.starts_with(c.fault));
  }
}

}  // namespace directory_import_test

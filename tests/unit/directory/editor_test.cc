#include "common/directory/editor.h"

#include <catch2/catch.hpp>

#include "common/directory/schema.h"
#include "tests/unit/temp_directory.h"

namespace directory_editor_test {

using namespace postrider;
using namespace postrider::directory;
using Strings = std::vector<std::string>;

namespace {

DirectoryEditor new_directory(const test::TempDirectory& directory) {
  auto editor = DirectoryEditor::open(directory.path("d.db"), sqlite::Access::create);
  REQUIRE(editor);
  REQUIRE(editor->add_domain("Example.org"));
  return std::move(*editor);
}

Strings names(DirectoryEditor& editor) {
  Strings names;
  const auto domains = editor.domains();
  REQUIRE(domains);
  for (const Domain& domain : *domains) names.push_back(domain.name);
  return names;
}

void refused(const Result<void>& result, ErrorKind kind, std::string_view text) {
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == kind);
  CHECK(result.error().text == text);
}

}  // namespace

TEST_CASE("directory editor: domains", "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_domain("a.test"));
  CHECK(names(editor) == Strings{"a.test", "example.org"});
  refused(editor.add_domain("EXAMPLE.ORG"), ErrorKind::invalid,
          "domain example.org is there already");
  refused(editor.add_domain("no domain"), ErrorKind::invalid,
          "'no domain' is not a domain, as in example.org");
  refused(editor.remove_domain("b.test"), ErrorKind::not_found, "no domain b.test");
  REQUIRE(editor.remove_domain("A.test"));
  CHECK(names(editor) == Strings{"example.org"});
}

TEST_CASE("directory editor: a domain with users or aliases stays", "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_user("anna@example.org"));
  refused(editor.remove_domain("example.org"), ErrorKind::invalid,
          "domain example.org has users or aliases, or domains that are its aliases; remove them "
          "first");
  REQUIRE(editor.remove_user("anna@example.org"));
  REQUIRE(editor.remove_domain("example.org"));
}

TEST_CASE("directory editor: users", "[directory][slow]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_user("Anna@Example.org", {.rules = {.quota = 1000}}));
  REQUIRE(editor.add_user("bert@example.org"));
  refused(editor.add_user("anna@example.org"), ErrorKind::invalid,
          "user anna@example.org is there already");
  refused(editor.add_user("anna@elsewhere.test"), ErrorKind::not_found,
          "no domain elsewhere.test; add it with: postrider domain add elsewhere.test");
  refused(editor.add_user("an/na@example.org"), ErrorKind::invalid,
          "'an/na@example.org': before the @ stand letters, digits, and . _ = - (a letter or digit "
          "first)");
  REQUIRE(editor.set_password("anna@example.org", Secret("secret")));
  REQUIRE(editor.change_user("bert@example.org",
                             [](UserSettings& settings) { settings.rules.quota = 5; }));
  for (const char* nothing : {"", "\xc2\xad"})  // a soft hyphen
    refused(editor.set_password("anna@example.org", Secret(nothing)), ErrorKind::invalid,
            "the password is empty");
  refused(editor.set_password("carl@example.org", Secret("x")), ErrorKind::not_found,
          "no user carl@example.org");
  refused(editor.change_user("carl@example.org", [](UserSettings&) {}), ErrorKind::not_found,
          "no user carl@example.org");

  const auto users = editor.users().value();
  REQUIRE(users.size() == 2);
  CHECK(users[0].address == "anna@example.org");
  CHECK(users[0].settings.rules.quota == 1000U);
  CHECK(users[0].has_password);
  CHECK(users[1].in_force.quota == 5U);
  CHECK_FALSE(users[1].has_password);

  REQUIRE(editor.remove_user("ANNA@example.org"));
  refused(editor.remove_user("anna@example.org"), ErrorKind::not_found, "no user anna@example.org");
}

TEST_CASE("directory editor: app passwords", "[directory][slow]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_user("anna@example.org"));
  const auto add = [&](const char* address, const std::string& name) -> Result<void> {
    const auto made = editor.add_app_password(address, {name, {.smtp = true}, 1000, 2000});
    if (!made) return pass_on(made.error());
    CHECK(selector_of(made->reveal()));
    return {};
  };
  REQUIRE(add("Anna@example.org", "scanner"));
  REQUIRE(add("anna@example.org", "phone"));
  refused(add("anna@example.org", "phone"), ErrorKind::invalid,
          "anna@example.org has an app password phone already");
  refused(add("bert@example.org", "phone"), ErrorKind::not_found, "no user bert@example.org");
  for (const std::string& name : {std::string(), std::string("a\nb"), std::string(65, 'x')})
    refused(add("anna@example.org", name), ErrorKind::invalid,
            "the name of an app password has 1 to 64 printable octets");

  const auto passwords = editor.app_passwords("anna@example.org").value();
  REQUIRE(passwords.size() == 2);
  CHECK(passwords[0].name == "phone");
  CHECK(passwords[0].scope.str() == "smtp");
  CHECK(passwords[0].created == 1000);
  CHECK(passwords[0].expires == 2000);
  CHECK(passwords[1].name == "scanner");
  CHECK_FALSE(editor.app_passwords("bert@example.org"));

  refused(editor.remove_app_password("anna@example.org", "tablet"), ErrorKind::not_found,
          "no app password tablet of anna@example.org");
  REQUIRE(editor.remove_app_password("anna@example.org", "phone"));
  CHECK(editor.app_passwords("anna@example.org")->size() == 1);
  // They go with their user.
  REQUIRE(editor.remove_user("anna@example.org"));
  REQUIRE(editor.add_user("anna@example.org"));
  CHECK(editor.app_passwords("anna@example.org")->empty());
}

TEST_CASE("directory editor: nobody chooses what looks like an app password", "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_user("anna@example.org"));
  refused(editor.set_password("anna@example.org", new_app_password()), ErrorKind::invalid,
          "the password has the form of an app password; add one with: postrider user app-password "
          "add");
}

TEST_CASE("directory editor: a directory of the first release is brought up to date",
          "[directory][slow]") {
  const test::TempDirectory directory;
  {
    auto database = sqlite::Database::open(directory.path("d.db"), sqlite::Access::create);
    REQUIRE(database->migrate({kSchema.data(), 1}));
    REQUIRE(
        database->execute("INSERT INTO domains VALUES ('example.org');"
                          "INSERT INTO users (domain, local, password) "
                          "VALUES ('example.org', 'anna', 'hash')"));
  }
  auto editor = DirectoryEditor::open(directory.path("d.db"), sqlite::Access::write);
  REQUIRE(editor);
  CHECK(editor->users()->at(0).has_password);
  REQUIRE(editor->set_password("anna@example.org", Secret("secret")));
  CHECK(editor->app_passwords("anna@example.org")->empty());
}

TEST_CASE("directory editor: aliases gather targets and lose them one by one or all",
          "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_alias("Sales@example.org", Strings{"anna@example.org"}));
  REQUIRE(editor.add_alias("sales@example.org", Strings{"Jo@Else.test", "anna@example.org"}));
  REQUIRE(editor.add_alias("@example.org", Strings{"anna@example.org"}));
  auto aliases = editor.aliases().value();
  REQUIRE(aliases.size() == 2);
  CHECK(aliases[0].address == "@example.org");
  CHECK(aliases[1].address == "sales@example.org");
  CHECK(aliases[1].targets == Strings{"Jo@else.test", "anna@example.org"});

  REQUIRE(editor.remove_alias("sales@example.org", Strings{"Jo@else.test"}));
  CHECK(editor.aliases().value()[1].targets == Strings{"anna@example.org"});
  refused(editor.remove_alias("sales@example.org", Strings{"x@y.test"}), ErrorKind::not_found,
          "no target x@y.test of alias sales@example.org");
  REQUIRE(editor.remove_alias("sales@example.org"));
  refused(editor.remove_alias("sales@example.org"), ErrorKind::not_found,
          "no alias sales@example.org");
}

TEST_CASE("directory editor: an address is a user or an alias, not both", "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_user("anna@example.org"));
  REQUIRE(editor.add_alias("info@example.org", Strings{"anna@example.org"}));
  refused(editor.add_alias("anna@example.org", Strings{"x@y.test"}), ErrorKind::invalid,
          "anna@example.org is a user; an alias would hide the mailbox");
  refused(editor.add_user("info@example.org"), ErrorKind::invalid,
          "info@example.org is an alias already");
}

TEST_CASE("directory editor: of an alias with one wrong target nothing is kept", "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  CHECK_FALSE(editor.add_alias("a@example.org", Strings{"x@y.test", "not an address"}));
  refused(editor.add_alias("a@example.org", {}), ErrorKind::invalid, "an alias needs a target");
  refused(editor.add_alias("a@else.test", Strings{"x@y.test"}), ErrorKind::not_found,
          "no domain else.test; add it with: postrider domain add else.test");
  CHECK(editor.aliases().value().empty());
}

TEST_CASE("directory editor: a missing file is made only when asked for", "[directory]") {
  const test::TempDirectory directory;
  CHECK_FALSE(DirectoryEditor::open(directory.path("d.db"), sqlite::Access::write));
  CHECK(DirectoryEditor::open(directory.path("d.db"), sqlite::Access::create));
  CHECK(DirectoryEditor::open(directory.path("d.db"), sqlite::Access::write));
}

TEST_CASE("directory editor: rights to send as others go with their user", "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_user("anna@example.org"));
  REQUIRE(editor.add_send_right("Anna@example.org", "Boss@Else.test"));
  REQUIRE(editor.add_send_right("anna@example.org", "boss@else.test"));
  REQUIRE(editor.add_send_right("anna@example.org", "@else.test"));
  CHECK(editor.send_rights("anna@example.org").value() == Strings{"@else.test", "boss@else.test"});
  refused(editor.add_send_right("bert@example.org", "a@b.test"), ErrorKind::not_found,
          "no user bert@example.org");
  refused(editor.remove_send_right("anna@example.org", "x@else.test"), ErrorKind::not_found,
          "no right of anna@example.org to send as x@else.test");
  CHECK_FALSE(editor.add_send_right("anna@example.org", "no address"));
  REQUIRE(editor.remove_send_right("anna@example.org", "BOSS@else.test"));
  REQUIRE(editor.remove_user("anna@example.org"));
  REQUIRE(editor.add_user("anna@example.org"));
  CHECK(editor.send_rights("anna@example.org").value().empty());
}

TEST_CASE("directory editor: a directory of each earlier release is brought up to date",
          "[directory]") {
  for (std::size_t steps = 1; steps < kSchema.size(); ++steps) {
    CAPTURE(steps);
    const test::TempDirectory directory;
    {
      auto database = sqlite::Database::open(directory.path("d.db"), sqlite::Access::create);
      REQUIRE(database->migrate({kSchema.data(), steps}));
      REQUIRE(
          database->execute("INSERT INTO domains VALUES ('example.org');"
                            "INSERT INTO users (domain, local, password, quota) VALUES "
                            "('example.org', 'anna', 'hash', 0), ('example.org', 'bert', '', 7)"));
    }
    auto editor = DirectoryEditor::open(directory.path("d.db"), sqlite::Access::write);
    REQUIRE(editor);
    const auto users = editor->users().value();
    REQUIRE(users.size() == 2);
    CHECK_FALSE(users[0].settings.rules.quota);  // 0 was "none": now the domain's
    CHECK(users[0].has_password);
    CHECK(users[0].settings.scope.str() == "smtp,pop3");
    CHECK(users[1].settings.rules.quota == 7U);
    CHECK(users[1].created == 0);
  }
}

TEST_CASE("directory editor: a domain's limits are those of users without their own",
          "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_user("anna@example.org"));
  REQUIRE(editor.add_user("bert@example.org", {.rules = {.quota = 0, .trash = 3}}));
  REQUIRE(editor.change_domain("example.org", [](DomainSettings& settings) {
    settings.rules = {.quota = 100, .quota_messages = 10, .retention = 365, .trash = 30};
  }));
  const auto users = editor.users().value();
  CHECK(users[0].in_force == MailboxRules{100, 10, 365, 30});
  CHECK(users[0].settings.rules == MailboxRules{});
  CHECK(users[1].in_force == MailboxRules{0, 10, 365, 3});
  refused(editor.change_user("anna@example.org",
                             [](UserSettings& user) { user.rules.retention = kMaxDays + 1; }),
          ErrorKind::invalid, "retention is at most 36500 days, and 0 for no limit");
}

TEST_CASE("directory editor: no domain alias leads to another or hides a domain", "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_domain_alias("Alias.test", "example.org"));
  CHECK_FALSE(editor.add_domain_alias("alias.test", "example.org"));
  CHECK_FALSE(editor.add_domain_alias("other.test", "alias.test"));
  CHECK_FALSE(editor.add_domain_alias("example.org", "example.org"));
  CHECK_FALSE(editor.add_domain_alias("example.org", "alias.test"));
  CHECK_FALSE(editor.add_domain("alias.test"));
  CHECK_FALSE(editor.add_user("anna@alias.test"));
  CHECK_FALSE(editor.remove_domain("example.org"));
  CHECK(editor.domain_aliases()->size() == 1);
  refused(editor.remove_domain_alias("other.test"), ErrorKind::not_found,
          "no domain alias other.test");
  REQUIRE(editor.remove_domain_alias("alias.test"));
  REQUIRE(editor.remove_domain("example.org"));
}

TEST_CASE("directory editor: a user is not added with a password that is refused", "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  PasswordPolicy policy;
  policy.min_length = 8;
  CHECK_FALSE(editor.add_user_with_password("anna@example.org", {}, Secret("short"), policy));
  CHECK(editor.users()->empty());
}

TEST_CASE("directory editor: the last passwords do not come again", "[directory][slow]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_user("anna@example.org"));
  PasswordPolicy policy;
  policy.history = 2;
  const auto set = [&](const char* text) {
    return editor.set_password("anna@example.org", Secret(text), policy).has_value();
  };
  CHECK(set("one"));
  CHECK_FALSE(set("one"));
  CHECK(set("two"));
  CHECK_FALSE(set("one"));
  CHECK(set("three"));
  CHECK(set("one"));
}

TEST_CASE("directory editor: a secret for APOP is kept as it is and goes with its user",
          "[directory]") {
  const test::TempDirectory directory;
  DirectoryEditor editor = new_directory(directory);
  REQUIRE(editor.add_user("anna@example.org"));
  CHECK(editor.apop_secret("anna@example.org").error().kind == ErrorKind::not_found);
  const auto first = editor.enable_apop("anna@example.org");
  const auto second = editor.enable_apop("Anna@example.org");
  REQUIRE(second);
  CHECK(first->reveal() != second->reveal());
  CHECK(editor.apop_secret("anna@example.org")->reveal() == second->reveal());
  CHECK(editor.user("anna@example.org")->has_apop);
  REQUIRE(editor.disable_apop("anna@example.org"));
  CHECK_FALSE(editor.disable_apop("anna@example.org"));
  REQUIRE(editor.enable_apop("anna@example.org"));
  REQUIRE(editor.remove_user("anna@example.org"));
  REQUIRE(editor.add_user("anna@example.org"));
  CHECK_FALSE(editor.apop_secret("anna@example.org"));
}

}  // namespace directory_editor_test

#include "common/directory/sqlite_credentials.h"

#include <future>
#include <optional>

#include <catch2/catch.hpp>

#include "tests/unit/directory/credentials_world.h"

namespace directory_sqlite_credentials_test {

using namespace postrider;
using namespace postrider::directory;
using namespace std::chrono_literals;
using testing::kUnknownAppPassword;
using testing::World;

TEST_CASE("sqlite credentials: the main password is for every service", "[directory][slow]") {
  World world;
  for (const Service service : {Service::smtp, Service::pop3}) {
    const LoginAnswer login = world.log_in("Anna@Example.ORG", "secret", service);
    CHECK(login.accepted);
    CHECK(login.mailbox == "anna@example.org");
    CHECK(login.app_password.empty());
    CHECK(world.prove("ANNA@example.org", "secret", service).mailbox == "anna@example.org");
  }
}

TEST_CASE("sqlite credentials: who is refused, and why in the log", "[directory][slow]") {
  World world;
  struct Case {
    std::string_view address;
    const char* password;
    std::string_view reason;
  };
  for (const Case& c : {Case{"anna@example.org", "Secret", "wrong password"},
                        Case{"anna@example.org", "", "wrong password"},
                        Case{"anna+tag@example.org", "secret", "no such user"},
                        Case{"nobody@example.org", "secret", "no such user"},
                        Case{"bert@example.org", "", "the user has no password"},
                        Case{"' OR 1=1 --@example.org", "secret", "no such user"},
                        Case{"anna", "secret", "no such user"}, Case{"", "", "no such user"}}) {
    CAPTURE(c.address, c.password);
    const LoginAnswer refused = world.log_in(c.address, c.password);
    CHECK_FALSE(refused.accepted);
    CHECK(refused.mailbox == (c.reason == "no such user" ? "" : c.address));
    CHECK(refused.reason == c.reason);
    CHECK(world.prove(c.address, c.password).reason == c.reason);
  }
}

TEST_CASE("sqlite credentials: an app password is for its scope, until it expires",
          "[directory][slow]") {
  World world;
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(world.clock.now().time_since_epoch())
          .count();
  const auto add = [&](const char* name, Scope scope, std::int64_t expires) {
    const auto made =
        world.editor.add_app_password("anna@example.org", {name, scope, now, expires});
    REQUIRE(made);
    return std::string(made->reveal());
  };
  const std::string phone = add("phone", {.smtp = true, .pop3 = true}, 0);
  const std::string scanner = add("scanner", {.smtp = true}, now + 60);
  struct Case {
    const std::string& password;
    Service service;
    std::chrono::seconds later;
    std::string_view app_password, reason;
  };
  const Case cases[] = {
      {scanner, Service::smtp, 60s, "", "the app password has expired"},
      {scanner, Service::pop3, 0s, "", "the app password is not for this service"},
      {scanner, Service::smtp, 59s, "scanner", ""},
      {scanner, Service::smtp, 0s, "scanner", ""},
      {phone, Service::smtp, 0s, "phone", ""},
      {phone, Service::pop3, 24h * 3650, "phone", ""},
  };
  const WallTime start = world.clock.now();
  for (const Case& c : cases) {
    CAPTURE(c.password, c.later.count());
    world.clock.set(start + c.later);
    for (const LoginAnswer& login :
         {world.log_in("anna@example.org", c.password, c.service),
          world.prove("anna@example.org", c.password.c_str(), c.service)}) {
      CHECK(login.accepted == c.reason.empty());
      CHECK(login.mailbox == "anna@example.org");
      CHECK(login.app_password == c.app_password);
      CHECK(login.reason == c.reason);
    }
  }
  world.clock.set(start);
  // Of the same selector, and of another user.
  std::string wrong = phone;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  CHECK(world.log_in("anna@example.org", wrong).reason == "wrong password");
  CHECK(world.log_in("bert@example.org", phone).reason == "the user has no password");
  CHECK(world.log_in("nobody@example.org", phone).reason == "no such user");
  CHECK(world.log_in("anna@example.org", "secret").app_password.empty());

  REQUIRE(world.editor.remove_app_password("anna@example.org", "phone"));
  world.wait(WatchedDatabase::kRecheck);
  CHECK(world.log_in("anna@example.org", phone).reason == "wrong password");
  CHECK(world.prove("anna@example.org", phone.c_str()).reason == "wrong password");
}

TEST_CASE("sqlite credentials: an unknown user costs the one hash that a wrong password costs",
          "[directory][slow]") {
  World world;
  const auto phone =
      world.editor.add_app_password("anna@example.org", {"phone", {.smtp = true}, 0, 0});
  REQUIRE(phone);
  std::string nearly(phone->reveal());
  nearly.back() = nearly.back() == 'a' ? 'b' : 'a';
  struct Case {
    std::string_view address, password, reason;
  };
  for (const Case& c : {Case{"anna@example.org", "wrong", "wrong password"},
                        Case{"anna@example.org", nearly, "wrong password"},
                        Case{"anna@example.org", kUnknownAppPassword, "wrong password"},
                        Case{"nobody@example.org", "wrong", "no such user"},
                        Case{"nobody@example.org", kUnknownAppPassword, "no such user"},
                        Case{"nobody@elsewhere.test", "wrong", "no such user"},
                        Case{"bert@example.org", "wrong", "the user has no password"},
                        Case{"bert@example.org", kUnknownAppPassword, "the user has no password"},
                        Case{"no address", "wrong", "no such user"}}) {
    CAPTURE(c.address, c.password);
    for (int time = 0; time < 2; ++time) {  // nor is it remembered that there is none
      std::string_view reason;
      const auto pending = world.credentials.verify_password(
          c.address, Secret(std::string(c.password)), Service::smtp, [&](auto answer) {
            reason = answer->reason;
            world.loop.stop();
          });
      CHECK(world.pool.unfinished() == 1);
      world.loop.run();
      CHECK(reason == c.reason);
      CHECK(world.pool.unfinished() == 0);
    }
  }
}

TEST_CASE("sqlite credentials: a right password is remembered until it is another",
          "[directory][slow]") {
  World world;
  CHECK(world.log_in("anna@example.org", "secret").accepted);
  // No thread verifies it this time.
  std::optional<bool> accepted;
  const auto pending = world.credentials.verify_password("ANNA@example.org", Secret("secret"),
                                                         Service::smtp, [&](auto answer) {
                                                           accepted = answer->accepted;
                                                           world.loop.stop();
                                                         });
  CHECK(world.pool.unfinished() == 0);
  world.loop.run();
  CHECK(accepted == true);
  CHECK_FALSE(world.log_in("anna@example.org", "secreu").accepted);

  REQUIRE(world.editor.set_password("anna@example.org", Secret("new")));
  world.wait(WatchedDatabase::kRecheck);
  CHECK_FALSE(world.log_in("anna@example.org", "secret").accepted);
  CHECK(world.log_in("anna@example.org", "new").accepted);
}

TEST_CASE("sqlite credentials: an app password that expires is forgotten when it does",
          "[directory][slow]") {
  World world;
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(world.clock.now().time_since_epoch())
          .count();
  const auto made =
      world.editor.add_app_password("anna@example.org", {"phone", {.smtp = true}, now, now + 60});
  REQUIRE(made);
  world.clock.advance(60s - 1ms);
  CHECK(world.log_in("anna@example.org", made->reveal()).accepted);
  world.clock.advance(1ms);
  world.wait(2ms);
  CHECK_FALSE(world.log_in("anna@example.org", made->reveal()).accepted);
}

TEST_CASE(
    "sqlite credentials: a hash of another program looks as a wrong password, and the log says how "
    "to mend it",
    "[directory][slow]") {
  World world;
  const auto made =
      world.editor.add_app_password("anna@example.org", {"phone", {.smtp = true}, 0, 0});
  REQUIRE(made);
  auto database = sqlite::Database::open(world.temporary.path("d.db"), sqlite::Access::write);
  const std::string hash = "{SHA512-CRYPT}$6$salt$abc";
  REQUIRE(database->execute("UPDATE users SET scram = x'', password = '" + hash + "'"));
  for (const char* password : {"secret", "wrong"}) {
    const LoginAnswer login = world.log_in("Anna@example.org", password);
    CHECK_FALSE(login.accepted);
    CHECK(login.reason ==
          "the password is no argon2 hash of at most 256 MiB and 10 passes; set it anew with: "
          "postrider user passwd");
  }
  // The app password is good nevertheless.
  CHECK(world.log_in("anna@example.org", made->reveal()).app_password == "phone");
  CHECK(world.scram("anna@example.org").user.keys.size() == 1);

  REQUIRE(database->execute("UPDATE app_passwords SET scram = x'', password = '" + hash + "'"));
  world.wait(WatchedDatabase::kRecheck);
  CHECK(world.log_in("anna@example.org", made->reveal()).reason ==
        "the app password is no argon2 hash of at most 256 MiB and 10 passes; remove it with: "
        "postrider user app-password remove");
  const ScramAnswer scram = world.scram("anna@example.org");
  CHECK(scram.user.keys.empty());
  CHECK(scram.reason ==
        "the password is no argon2 hash of at most 256 MiB and 10 passes; set it anew with: "
        "postrider user passwd");
}

TEST_CASE("sqlite credentials: a hash of another program costs what a wrong password costs",
          "[directory]") {
  World world;
  auto database = sqlite::Database::open(world.temporary.path("d.db"), sqlite::Access::write);
  REQUIRE(database->execute("UPDATE users SET password = '{SHA512-CRYPT}$6$salt$abc'"));
  const auto pending = world.credentials.verify_password(
      "anna@example.org", Secret("secret"), Service::smtp, [&](const Result<LoginAnswer>& answer) {
        CHECK_FALSE(answer.value().accepted);
        world.loop.stop();
      });
  CHECK(world.pool.unfinished() == 1);
  world.loop.run();
}

TEST_CASE("sqlite credentials: too many passwords at once are refused for now", "[directory]") {
  World world;
  std::vector<PendingPtr> pending;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < SqliteCredentials::kMaxWaiting + 2; ++i)
    pending.push_back(world.credentials.verify_password(
        "anna@example.org", Secret(std::to_string(i)), Service::smtp, [&](auto answer) {
          if (answer) return;
          CHECK(answer.error().kind == ErrorKind::temporary);
          ++refused;
          world.loop.stop();
        }));
  world.loop.run();
  CHECK(refused >= 1);
}

TEST_CASE("sqlite credentials: a login that is given up before its turn costs no hash",
          "[directory][slow]") {
  World world;
  std::promise<void> go;
  const auto busy = world.pool.run(
      [&] {
        go.get_future().wait();
        return 0;
      },
      [&](int) { world.loop.stop(); });
  for (std::size_t i = 0; i < 2 * SqliteCredentials::kMaxWaiting; ++i)
    static_cast<void>(world.credentials.verify_password("anna@example.org", Secret("x"),
                                                        Service::smtp, [](auto) {}));
  CHECK(world.pool.unfinished() == 1);
  go.set_value();
  world.loop.run();
}

TEST_CASE("sqlite credentials: a question whose Pending is gone is never answered", "[directory]") {
  World world;
  bool answered = false;
  static_cast<void>(world.credentials.verify_password(
      "anna@example.org", Secret("x"), Service::smtp, [&](auto) { answered = true; }));
  static_cast<void>(world.credentials.find_scram_keys("anna@example.org", Service::smtp,
                                                      [&](auto) { answered = true; }));
  CHECK_FALSE(world.log_in("anna@example.org", "x").accepted);
  CHECK_FALSE(answered);
}

TEST_CASE("sqlite credentials: who is disabled, has expired, or has another scope is refused",
          "[directory][slow]") {
  World world;
  const auto change = [&](UniqueFunction<void(UserSettings&)> how) {
    REQUIRE(world.editor.change_user("anna@example.org", std::move(how)));
    world.wait(WatchedDatabase::kRecheck);
  };
  const auto refused = [&](std::string_view reason) {
    CHECK(world.log_in("anna@example.org", "secret").reason == reason);
    CHECK(world.prove("anna@example.org", "secret").reason == reason);
  };
  REQUIRE(world.log_in("anna@example.org", "secret").accepted);
  change([](UserSettings& user) { user.scope = {.pop3 = true}; });
  refused("the main password is not for this service");
  CHECK(world.log_in("anna@example.org", "secret", Service::pop3).accepted);
  change([](UserSettings& user) { user = {.disabled = true}; });
  refused("the user is disabled");
  change([](UserSettings& user) { user = {.expires = 1000}; });
  refused("the user has expired");
  change([](UserSettings& user) { user = {.rules = {.retention = 30}}; });
  const LoginAnswer login = world.log_in("anna@example.org", "secret");
  CHECK(login.keeping.retention == 30U);
  CHECK_FALSE(login.keeping.trash);
  REQUIRE(world.editor.change_domain("example.org",
                                     [](DomainSettings& domain) { domain.disabled = true; }));
  world.wait(WatchedDatabase::kRecheck);
  refused("the domain is disabled");
}

TEST_CASE("sqlite credentials: how long a mailbox keeps is its user's, then its domain's",
          "[directory]") {
  World world;
  const auto keeping = [&](std::string_view mailbox) {
    std::optional<Result<std::optional<Keeping>>> answer;
    world.wait(WatchedDatabase::kRecheck);
    const auto pending =
        world.credentials.find_keeping(mailbox, [&](Result<std::optional<Keeping>> found) {
          answer = std::move(found);
          world.loop.stop();
        });
    world.loop.run();
    REQUIRE(answer->has_value());
    return **answer;
  };
  CHECK_FALSE(keeping("anna@example.org")->retention);
  REQUIRE(world.editor.change_domain("example.org", [](DomainSettings& domain) {
    domain = {.rules = {.retention = 60, .trash = 7}, .disabled = true};
  }));
  CHECK(keeping("anna@example.org")->retention == 60U);
  REQUIRE(world.editor.change_user("anna@example.org",
                                   [](UserSettings& user) { user.rules.retention = 0; }));
  CHECK(keeping("anna@example.org")->retention == 0U);
  CHECK(keeping("anna@example.org")->trash == 7U);
  CHECK_FALSE(keeping("nobody@example.org"));
  CHECK_FALSE(keeping("no address"));
}

TEST_CASE("sqlite credentials: a login by a domain alias is one to the domain",
          "[directory][slow]") {
  World world;
  REQUIRE(world.editor.add_domain_alias("alias.test", "example.org"));
  world.wait(WatchedDatabase::kRecheck);
  CHECK(world.log_in("anna@alias.test", "secret").mailbox == "anna@example.org");
  CHECK(world.prove("anna@alias.test", "secret").mailbox == "anna@example.org");
}

TEST_CASE("sqlite credentials: all names of a mailbox are one account, known or not",
          "[directory]") {
  World world;
  REQUIRE(world.editor.add_domain_alias("alias.test", "example.org"));
  world.wait(WatchedDatabase::kRecheck);
  for (const char* name : {"anna", "nobody"}) {
    const std::string account = std::string(name) + "@example.org";
    CHECK(world.credentials.account_of(account) == account);
    CHECK(world.credentials.account_of(std::string(name) + "@Alias.test") == account);
  }
  CHECK(world.credentials.account_of("Anna") == "anna");
}

TEST_CASE("sqlite credentials: a login holds until the user, or what was given, is another",
          "[directory][slow]") {
  World world;
  const auto app =
      world.editor.add_app_password("anna@example.org", {"phone", {.smtp = true}, 0, 0});
  REQUIRE(app);
  const std::string phone(app->reveal());
  const LoginAnswer by_main = world.log_in("anna@example.org", "secret");
  const LoginAnswer by_app = world.log_in("anna@example.org", phone);
  const LoginAnswer main_proved = world.prove("anna@example.org", "secret");
  const LoginAnswer app_proved = world.prove("anna@example.org", phone.c_str());
  const auto reasons = [&] {
    world.wait(WatchedDatabase::kRecheck);
    std::vector<std::string_view> found;
    for (const LoginAnswer* login : {&by_main, &main_proved, &by_app, &app_proved}) {
      REQUIRE(login->accepted);
      const LoginAnswer now = world.confirm(*login);
      CHECK(now.accepted == now.reason.empty());
      CHECK((!now.accepted || now.app_password == login->app_password));
      found.push_back(now.reason);
    }
    return found;
  };
  using Reasons = std::vector<std::string_view>;
  constexpr std::string_view kGone = "the password is another now, or was taken away";
  CHECK(reasons() == Reasons(4, ""));
  CHECK(world.confirm(by_app, Service::pop3).reason == "the app password is not for this service");

  REQUIRE(world.editor.change_user("anna@example.org",
                                   [](UserSettings& user) { user.disabled = true; }));
  CHECK(reasons() == Reasons(4, "the user is disabled"));
  REQUIRE(world.editor.change_user("anna@example.org",
                                   [](UserSettings& user) { user.disabled = false; }));
  CHECK(reasons() == Reasons(4, ""));
  REQUIRE(world.editor.remove_app_password("anna@example.org", "phone"));
  CHECK(reasons() == Reasons{"", "", kGone, kGone});
  REQUIRE(world.editor.set_password("anna@example.org", Secret("another")));
  CHECK(reasons() == Reasons(4, kGone));
  REQUIRE(world.editor.remove_user("anna@example.org"));
  CHECK(reasons() == Reasons(4, "no such user"));
}

}  // namespace directory_sqlite_credentials_test

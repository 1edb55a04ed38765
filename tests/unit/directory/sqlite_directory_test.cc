#include "common/directory/sqlite_directory.h"

#include <optional>

#include <catch2/catch.hpp>

#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "tests/unit/monotonic_clock.h"
#include "tests/unit/temp_directory.h"

namespace directory_sqlite_directory_test {

using namespace postrider;
using namespace postrider::directory;
using Kind = RecipientAnswer::Kind;
using Strings = std::vector<std::string>;

namespace {

// A directory with a few entries, and its questions as synchronous calls.
struct World {
  World() {
    REQUIRE(editor.add_domain("example.org"));
    REQUIRE(editor.add_domain("rest.test"));
    REQUIRE(editor.add_domain("mx.test"));
    REQUIRE(editor.add_user("anna@example.org"));
    REQUIRE(editor.add_user("admin@mx.test", {.rules = {.quota = 5000}}));
    REQUIRE(editor.add_alias("info@example.org", Strings{"anna@example.org", "jo@else.test"}));
    REQUIRE(editor.add_alias("anna+news@example.org", Strings{"news@else.test"}));
    REQUIRE(editor.add_alias("@rest.test", Strings{"anna@example.org"}));
    REQUIRE(editor.add_alias("postmaster@mx.test", Strings{"admin@mx.test"}));
  }

  Result<RecipientAnswer> find(std::string_view address) {
    std::optional<Result<RecipientAnswer>> answer;
    const auto pending = directory.find_recipient(address, [&](Result<RecipientAnswer> found) {
      answer = std::move(found);
      loop.stop();
    });
    CHECK_FALSE(answer);
    loop.run();
    return std::move(*answer);
  }

  Result<bool> may_send(std::string_view user, std::string_view address) {
    std::optional<Result<bool>> may;
    const auto pending = directory.find_send_right(user, address, [&](Result<bool> answer) {
      may = std::move(answer);
      loop.stop();
    });
    CHECK_FALSE(may);
    loop.run();
    return std::move(*may);
  }

  // Lets the loop's time pass.
  void wait(std::chrono::milliseconds time) {
    test::pass_time(time);
    loop.defer([this] { loop.stop(); });
    loop.run();
  }

  test::TempDirectory temporary;
  DirectoryEditor editor =
      std::move(*DirectoryEditor::open(temporary.path("d.db"), sqlite::Access::create));
  ManualClock clock;
  event::EventLoop loop;
  SqliteDirectory directory{loop, clock, temporary.path("d.db"), "MX.test"};
};

}  // namespace

TEST_CASE("sqlite directory: a mailbox's quota comes with it, asked once and again",
          "[directory]") {
  World world;
  for (int i = 0; i < 2; ++i) {
    CHECK(world.find("anna@example.org")->quota.octets == 0);
    CHECK(world.find("admin+tag@mx.test")->quota.octets == 5000);
    CHECK(world.find("info@example.org")->quota.octets == 0);
  }
}

TEST_CASE("sqlite directory: what each address is", "[directory]") {
  World world;
  struct Case {
    std::string_view address;
    Kind kind;
    std::string_view mailbox;
    Strings targets;
  };
  const Case cases[] = {
      {"anna@example.org", Kind::mailbox, "anna@example.org", {}},
      {"Anna@EXAMPLE.org", Kind::mailbox, "anna@example.org", {}},
      {"anna+tag@example.org", Kind::mailbox, "anna@example.org", {}},
      {"anna+News@example.org", Kind::alias, "", {"news@else.test"}},
      {"info@example.org", Kind::alias, "", {"anna@example.org", "jo@else.test"}},
      {"info+x@example.org", Kind::alias, "", {"anna@example.org", "jo@else.test"}},
      {"nobody@example.org", Kind::unknown_user, "", {}},
      {"nobody@rest.test", Kind::alias, "", {"anna@example.org"}},
      {"anna@else.test", Kind::foreign, "", {}},
      {"anna@sub.example.org", Kind::foreign, "", {}},
      {"Postmaster", Kind::alias, "", {"admin@mx.test"}},
      {"postmaster@mx.test", Kind::alias, "", {"admin@mx.test"}},
      {"postmaster@example.org", Kind::alias, "", {"postmaster@mx.test"}},
      {"postmaster@rest.test", Kind::alias, "", {"anna@example.org"}},
      {"nobody", Kind::unknown_user, "", {}},
      {"' OR 1=1 --@example.org", Kind::unknown_user, "", {}},
      {std::string_view("anna\0@example.org", 17), Kind::unknown_user, "", {}},
  };
  // The second time from the cache.
  for (int time = 0; time < 2; ++time) {
    for (const Case& c : cases) {
      CAPTURE(c.address);
      const auto answer = world.find(c.address);
      REQUIRE(answer);
      CHECK(answer->kind == c.kind);
      CHECK(answer->mailbox == c.mailbox);
      CHECK(answer->targets == c.targets);
    }
  }
}

TEST_CASE("sqlite directory: a change by another process is seen when the answer is rechecked",
          "[directory]") {
  World world;
  CHECK(world.find("anna@example.org")->kind == Kind::mailbox);
  CHECK(world.find("carl@example.org")->kind == Kind::unknown_user);
  REQUIRE(world.editor.remove_user("anna@example.org"));
  REQUIRE(world.editor.add_user("carl@example.org"));
  // What was not found is not cached.
  CHECK(world.find("carl@example.org")->kind == Kind::mailbox);
  world.wait(WatchedDatabase::kRecheck);
  CHECK(world.find("anna@example.org")->kind == Kind::unknown_user);
}

TEST_CASE("sqlite directory: a domain of others that becomes ours is ours when it is rechecked",
          "[directory]") {
  World world;
  CHECK(world.find("dora@new.test")->kind == Kind::foreign);
  REQUIRE(world.editor.add_domain("new.test"));
  REQUIRE(world.editor.add_user("dora@new.test"));
  world.wait(WatchedDatabase::kRecheck);
  CHECK(world.find("dora@new.test")->kind == Kind::mailbox);
}

TEST_CASE("sqlite directory: a lookup whose Pending is gone never answers", "[directory]") {
  World world;
  bool answered = false;
  static_cast<void>(
      world.directory.find_recipient("anna@example.org", [&](auto) { answered = true; }));
  CHECK(world.find("anna@example.org"));
  CHECK_FALSE(answered);
}

TEST_CASE("sqlite directory: a missing file is temporary, and found when it is there",
          "[directory]") {
  const test::TempDirectory temporary;
  const ManualClock clock;
  event::EventLoop loop;
  SqliteDirectory directory(loop, clock, temporary.path("late.db"), "mx.test");
  std::optional<Result<RecipientAnswer>> answer;
  const auto ask = [&] {
    answer.reset();
    const auto pending = directory.find_recipient("anna@example.org", [&](auto found) {
      answer = std::move(found);
      loop.stop();
    });
    loop.run();
  };
  ask();
  REQUIRE_FALSE(*answer);
  CHECK(answer->error().kind == ErrorKind::temporary);
  CHECK(answer->error().text ==
        "directory: " + temporary.path("late.db") + ": unable to open database file");

  REQUIRE(DirectoryEditor::open(temporary.path("late.db"), sqlite::Access::create));
  test::pass_time(WatchedDatabase::kRecheck);
  ask();
  REQUIRE(*answer);
  CHECK((*answer)->kind == Kind::foreign);
}

TEST_CASE("sqlite directory: a file of another release is temporary, and says what it needs",
          "[directory]") {
  const test::TempDirectory temporary;
  const std::string path = temporary.path("d.db");
  auto database = sqlite::Database::open(path, sqlite::Access::create);
  const std::string ours = std::to_string(kSchema.size());
  std::string expected;
  SECTION("older") {
    REQUIRE(database->migrate({kSchema.data(), 1}));
    expected = "has schema 1, this release needs " + ours +
               "; bring it up to date with: postrider domain list";
  }
  SECTION("newer") {
    REQUIRE(database->execute("PRAGMA user_version = 1000"));
    expected = "has schema 1000, this release knows " + ours;
  }
  const ManualClock clock;
  event::EventLoop loop;
  SqliteDirectory directory(loop, clock, path, "mx.test");
  std::optional<Result<RecipientAnswer>> answer;
  const auto pending = directory.find_recipient("anna@example.org", [&](auto found) {
    answer = std::move(found);
    loop.stop();
  });
  loop.run();
  REQUIRE_FALSE(*answer);
  CHECK(answer->error().kind == ErrorKind::temporary);
  CHECK(answer->error().text == "directory: " + path + ": " + expected);
}

TEST_CASE("sqlite directory: a user may send as each address whose mail reaches the mailbox",
          "[directory]") {
  World world;
  REQUIRE(world.editor.add_user("bert@example.org"));
  REQUIRE(
      world.editor.add_alias("all@example.org", Strings{"info@example.org", "bert@example.org"}));
  REQUIRE(world.editor.add_alias("round@example.org", Strings{"round@example.org", "x@else.test"}));
  REQUIRE(world.editor.add_user("carl@rest.test"));
  REQUIRE(world.editor.add_send_right("bert@example.org", "Boss@Else.test"));
  REQUIRE(world.editor.add_send_right("bert@example.org", "@rest.test"));
  struct Case {
    std::string_view user, address;
    bool may;
  };
  const Case cases[] = {
      {"anna@example.org", "anna@example.org", true},
      {"anna@example.org", "Anna@EXAMPLE.org", true},
      {"Anna@example.org", "anna@example.org", true},
      {"anna@example.org", "anna+tag@example.org", true},
      {"anna@example.org", "anna+news@example.org", false},  // an alias that leads elsewhere
      {"anna@example.org", "info@example.org", true},
      {"anna@example.org", "all@example.org", true},
      {"bert@example.org", "info@example.org", false},
      {"anna@example.org", "whoever@rest.test", true},
      {"anna@example.org", "carl@rest.test", false},  // who is not the rest of the domain
      {"anna@example.org", "bert@example.org", false},
      {"anna@example.org", "nobody@example.org", false},
      {"anna@example.org", "boss@else.test", false},
      {"bert@example.org", "boss@else.test", true},
      {"bert@example.org", "boss2@else.test", false},
      {"bert@example.org", "carl@rest.test", true},
      {"bert@example.org", "round@example.org", false},
      {"admin@mx.test", "postmaster", true},
      {"admin@mx.test", "postmaster@example.org", true},
      {"bert@example.org", "", false},
      {"", "x@else.test", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.user, c.address);
    const auto may = world.may_send(c.user, c.address);
    REQUIRE(may);
    CHECK(*may == c.may);
  }
  REQUIRE(world.editor.remove_send_right("bert@example.org", "boss@else.test"));
  CHECK_FALSE(*world.may_send("bert@example.org", "boss@else.test"));
}

TEST_CASE("sqlite directory: aliases without end are followed so far and no further",
          "[directory]") {
  World world;
  Strings targets;
  for (std::size_t i = 0; i < SqliteDirectory::kMaxReached; ++i)
    targets.push_back(std::to_string(i) + "@else.test");
  REQUIRE(world.editor.add_alias("wide@example.org", targets));
  REQUIRE(world.editor.add_alias("wide@example.org", Strings{"z@example.org"}));
  REQUIRE(world.editor.add_user("z@example.org"));
  CHECK_FALSE(*world.may_send("z@example.org", "wide@example.org"));
}

TEST_CASE("sqlite directory: without a file it is not known who may send", "[directory]") {
  const test::TempDirectory temporary;
  const ManualClock clock;
  event::EventLoop loop;
  SqliteDirectory directory(loop, clock, temporary.path("late.db"), "mx.test");
  std::optional<Result<bool>> may;
  const auto pending = directory.find_send_right("a@b.test", "a@b.test", [&](Result<bool> answer) {
    may = std::move(answer);
    loop.stop();
  });
  loop.run();
  REQUIRE_FALSE(*may);
  CHECK(may->error().kind == ErrorKind::temporary);
}

TEST_CASE("sqlite directory: a domain alias is the domain, and a disabled domain takes no mail",
          "[directory]") {
  World world;
  REQUIRE(world.editor.add_domain_alias("alias.test", "example.org"));
  world.wait(WatchedDatabase::kRecheck);
  CHECK(world.find("Anna+tag@ALIAS.test")->mailbox == "anna@example.org");
  CHECK(world.find("info@alias.test")->kind == Kind::alias);
  CHECK(world.find("nobody@alias.test")->kind == Kind::unknown_user);
  CHECK(world.may_send("anna@example.org", "anna@alias.test").value());
  REQUIRE(world.editor.change_domain("example.org",
                                     [](DomainSettings& domain) { domain.disabled = true; }));
  world.wait(WatchedDatabase::kRecheck);
  CHECK(world.find("anna@alias.test")->kind == Kind::disabled);
  CHECK(world.find("anna@example.org")->kind == Kind::disabled);
}

TEST_CASE("sqlite directory: a user who is disabled gets mail, and one who has expired none",
          "[directory]") {
  World world;
  const std::int64_t end =
      100 + std::chrono::duration_cast<std::chrono::seconds>(world.clock.now().time_since_epoch())
                .count();
  REQUIRE(world.editor.change_user("anna@example.org", [&](UserSettings& user) {
    user.disabled = true;
    user.expires = end;
  }));
  world.wait(WatchedDatabase::kRecheck);
  CHECK(world.find("anna@example.org")->kind == Kind::mailbox);
  world.clock.advance(std::chrono::seconds(100));
  CHECK(world.find("anna@example.org")->kind == Kind::disabled);
}

}  // namespace directory_sqlite_directory_test

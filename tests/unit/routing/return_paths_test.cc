#include "common/routing/return_paths.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "tests/unit/queued/fake_directory.h"
#include "tests/unit/temp_directory.h"

namespace routing_return_paths_test {

using namespace postrider;
using routing::ReturnPaths;
using Kind = directory::RecipientAnswer::Kind;

namespace {

struct Fixture {
  Fixture() {
    settings.hostname = "mx.test";
    settings.paths.data = folder.path();
    settings.forward.rewrite = "srs";
    settings.forward.srs_lifetime = std::chrono::hours(24);
  }

  Result<std::string> find_return_path(const std::string& sender) {
    Result<std::string> found;
    const auto pending = paths.find_return_path(sender, [&](Result<std::string> path) {
      found = std::move(path);
      loop.stop();
    });
    loop.run();
    return found;
  }
  std::string return_path(const std::string& sender) { return find_return_path(sender).value(); }

  Result<directory::RecipientAnswer> find(const std::string& address) {
    Result<directory::RecipientAnswer> found;
    const auto pending = paths.find_recipient(address, [&](auto answer) {
      found = std::move(answer);
      loop.stop();
    });
    loop.run();
    return found;
  }

  void make_key() { REQUIRE(ReturnPaths::ensure_key(settings, random)); }
  std::string key_file() const { return folder.path("srs.key"); }

  test::TempDirectory folder;
  SeededRandom random{1};
  ManualClock clock;
  event::EventLoop loop;
  test::FakeDirectory directory{loop};
  config::Settings settings;
  ReturnPaths paths{loop, directory, settings, clock};
};

}  // namespace

TEST_CASE("routing return paths: mail to a rewritten sender goes to the sender, and is a bounce",
          "[routing]") {
  Fixture f;
  f.make_key();
  const std::string rewritten = f.return_path("ann@x.test");
  CHECK(rewritten.starts_with("SRS0="));
  CHECK(rewritten.ends_with("@mx.test"));
  const auto answer = f.find(rewritten);
  REQUIRE(answer);
  CHECK(answer->kind == Kind::alias);
  CHECK(answer->targets == std::vector<std::string>{"ann@x.test"});
  CHECK(answer->bounces_only);
}

TEST_CASE("routing return paths: their domain may be another than the host's", "[routing]") {
  Fixture f;
  f.settings.forward.domain = "srs.test";
  f.make_key();
  CHECK(f.return_path("ann@x.test").ends_with("@srs.test"));
}

TEST_CASE("routing return paths: a sender of ours stays, as do all where nothing is rewritten",
          "[routing]") {
  Fixture f;
  f.make_key();
  CHECK(f.return_path("bob@local.test") == "bob@local.test");
  CHECK(f.return_path("nobody@local.test") == "nobody@local.test");
  const std::string rewritten = f.return_path("ann@x.test");
  f.settings.forward.rewrite = "off";
  CHECK(f.return_path("ann@x.test") == "ann@x.test");
  CHECK(f.find(rewritten)->kind == Kind::alias);  // bounces of before still come
}

TEST_CASE(
    "routing return paths: without a secret nothing leaves, and nothing is known as rewritten",
    "[routing]") {
  Fixture f;
  const auto found = f.find_return_path("ann@x.test");
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::temporary);
  CHECK(f.return_path("bob@local.test") == "bob@local.test");
  CHECK(f.find("SRS0=AAAAAA=AA=x.test=ann@mx.test")->kind == Kind::foreign);
}

TEST_CASE("routing return paths: a directory that is away rewrites one too many", "[routing]") {
  Fixture f;
  f.make_key();
  f.directory.broken = true;
  CHECK(f.return_path("bob@local.test").starts_with("SRS0="));
}

TEST_CASE("routing return paths: a forged or old address is nobody, and says why", "[routing]") {
  Fixture f;
  f.make_key();
  const std::string rewritten = f.return_path("ann@x.test");
  const auto forged = f.find("SRS0=AAAAAA=AA=x.test=ann@mx.test");
  CHECK(forged->kind == Kind::unknown_user);
  CHECK(forged->reason == "this address was not made here");
  f.clock.advance(std::chrono::hours(72));
  const auto old = f.find(rewritten);
  CHECK(old->kind == Kind::unknown_user);
  CHECK(old->reason == "the time for bounces to this address is over");
}

TEST_CASE("routing return paths: all else is the directory's to know", "[routing]") {
  Fixture f;
  f.make_key();
  CHECK(f.find("bob@local.test")->kind == Kind::mailbox);
  CHECK(f.find("SRS0=AAAAAA=AA=x.test=ann@their.test")->kind == Kind::foreign);
}

TEST_CASE("routing return paths: the secret is made once, for the group of its folder",
          "[routing]") {
  Fixture f;
  f.make_key();
  struct stat status {};
  struct stat folder {};
  REQUIRE(::stat(f.key_file().c_str(), &status) == 0);
  REQUIRE(::stat(f.folder.path().c_str(), &folder) == 0);
  CHECK((status.st_mode & 0777U) == 0640);
  CHECK(status.st_gid == folder.st_gid);
  CHECK(std::filesystem::file_size(f.key_file()) > 40);
  const std::string before = f.return_path("ann@x.test");
  f.make_key();
  CHECK(f.return_path("ann@x.test") == before);
  CHECK_FALSE(std::filesystem::exists(f.key_file() + ".new"));
}

TEST_CASE("routing return paths: none is made where nothing is rewritten, or it cannot be",
          "[routing]") {
  Fixture f;
  f.settings.forward.rewrite = "off";
  f.make_key();
  CHECK_FALSE(std::filesystem::exists(f.key_file()));
  f.settings.forward.rewrite = "srs";
  f.settings.paths.data = f.folder.path("missing");
  CHECK_FALSE(ReturnPaths::ensure_key(f.settings, f.random));
}

TEST_CASE("routing return paths: a change of the secrets takes effect at once", "[routing]") {
  Fixture f;
  const auto write = [&](const std::string& text) { std::ofstream(f.key_file()) << text; };
  write("# comment\n\nold\n");
  const std::string before = f.return_path("ann@x.test");
  write("new\nold");
  CHECK(f.find(before)->kind == Kind::alias);
  CHECK(f.return_path("ann@x.test") != before);
  write("new\n");
  CHECK(f.find(before)->kind == Kind::unknown_user);
  write("\n");
  CHECK_FALSE(f.find(before));
  CHECK_FALSE(f.find_return_path("ann@x.test"));
}

}  // namespace routing_return_paths_test

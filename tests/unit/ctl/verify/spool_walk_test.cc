#include "ctl/verify/spool_walk.h"

#include <filesystem>

#include "tests/unit/spool/fixture.h"

namespace ctl_verify_spool_walk_test {

using namespace postrider;
using namespace postrider::ctl;

namespace {

struct Fixture {
  Fixture() {
    std::filesystem::copy(std::string(SOURCE_DIR) + "/tests/spools/v1", directory.path(),
                          std::filesystem::copy_options::recursive);
  }

  // As a running queued does.
  void use() {
    auto fd = spool::system_disk().open(paths.queued_lock(), spool::Disk::Mode::append);
    REQUIRE(fd);
    REQUIRE(spool::system_disk().lock(fd->get()).value());
    lock = std::move(*fd);
  }

  std::vector<std::string> walk() {
    std::vector<std::string> found;
    SpoolWalk walk(
        spool::system_disk(), paths, [this] { on_pause(); },
        [&](const Finding& finding) { found.emplace_back(text_of(finding.kind).word); });
    REQUIRE(walk.run());
    return found;
  }

  std::string deferred_file() {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(paths.deferred()))
      if (entry.is_regular_file()) return entry.path();
    return {};
  }

  test::TempDirectory directory;
  spool::Paths paths{directory.path()};
  Fd lock;
  int pauses = 0;
  std::function<void()> on_pause = [this] { ++pauses; };
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("spool walk: what is wrong in a spool at rest is told without a pause", "[ctl]") {
  Fixture f;
  CHECK(f.walk().empty());
  REQUIRE(std::filesystem::remove(f.deferred_file()));
  CHECK(f.walk() == Words{"row_without_content"});
  CHECK(f.pauses == 0);
}

TEST_CASE("spool walk: in a spool in use what is right after a pause was never wrong", "[ctl]") {
  Fixture f;
  f.use();
  const std::string path = f.deferred_file();
  const std::string away = f.directory.path("away");
  std::filesystem::rename(path, away);
  f.on_pause = [&] {
    ++f.pauses;
    std::filesystem::rename(away, path);
  };
  CHECK(f.walk().empty());
  CHECK(f.pauses == 1);

  REQUIRE(std::filesystem::remove(path));
  f.on_pause = [&] { ++f.pauses; };
  CHECK(f.walk() == Words{"row_without_content"});
  CHECK(f.pauses == 2);
}

TEST_CASE("spool walk: something else that is wrong at the second look is not believed at once",
          "[ctl]") {
  Fixture f;
  f.use();
  const std::string segment = spool::system_disk().list(f.paths.incoming()).value().front();
  const auto size = std::filesystem::file_size(f.paths.segment(segment));
  test::flip(f.paths.segment(segment), size - 200);
  f.on_pause = [&] {
    test::flip(f.paths.segment(segment), size - 200);
    test::flip(f.paths.segment(segment), spool::kSegmentHeaderSize);
  };
  CHECK(f.walk().empty());
}

TEST_CASE("spool walk: a large file that is arriving has no record yet", "[ctl]") {
  Fixture f;
  const std::string arriving = f.paths.large() + "/00000000000000000000";
  auto fd = spool::system_disk().open(arriving, spool::Disk::Mode::create_new);
  REQUIRE(fd);
  REQUIRE(spool::system_disk().lock(fd->get()).value());
  CHECK(f.walk().empty());
  fd->reset();
  CHECK(f.walk() == Words{"large_without_record"});
}

}  // namespace ctl_verify_spool_walk_test

#include "common/limits/shared_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/unit/limits/held_lock.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using limits::SharedFile;

namespace {

constexpr std::size_t kSize = SharedFile::kHeaderSize + 65536;
constexpr std::uint64_t kMagic = 42;

}  // namespace

TEST_CASE("shared file: whoever makes it makes it for the group, whatever its umask", "[limits]") {
  const test::TempDirectory folder;
  REQUIRE(::chmod(folder.path().c_str(), 0770) == 0);
  if (::geteuid() == 0) REQUIRE(::chown(folder.path().c_str(), 1, 1) == 0);
  struct stat directory {};
  REQUIRE(::stat(folder.path().c_str(), &directory) == 0);
  const mode_t before = ::umask(0177);
  const auto file = SharedFile::open(folder.path("file"), kSize, kMagic);
  ::umask(before);
  REQUIRE(file);
  struct stat status {};
  REQUIRE(::stat(folder.path("file").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0660);
  CHECK(status.st_gid == directory.st_gid);
}

TEST_CASE("shared file: its header is reserved, and what is asked for", "[limits]") {
  const test::TempDirectory folder;
  const auto file = SharedFile::open(folder.path("file"), kSize, kMagic);
  REQUIRE(file);
  const auto header = test::reserved_octets(folder.path("file"));
  CHECK(header >= SharedFile::kHeaderSize);
  CHECK(header < kSize);
  REQUIRE(file->reserve(SharedFile::kHeaderSize, kSize - SharedFile::kHeaderSize));
  CHECK(test::reserved_octets(folder.path("file")) >= kSize);
}

TEST_CASE("shared file: its lock is free again with its holder's end", "[limits]") {
  const test::TempDirectory folder;
  const auto file = SharedFile::open(folder.path("file"), kSize, kMagic);
  const auto other = SharedFile::open(folder.path("file"), kSize, kMagic);
  REQUIRE(file);
  REQUIRE(other);
  {
    const auto held = file->lock();
    REQUIRE(held);
    const auto refused = other->lock();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::temporary);
  }
  CHECK(other->lock());
}

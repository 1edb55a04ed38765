#include "common/limits/shared_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/unit/limits/held_lock.h"
#include "tests/unit/temp_directory.h"

namespace limits_shared_file_test {

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

TEST_CASE("shared file: in its place nothing is taken that it is not", "[limits]") {
  const test::TempDirectory folder;
  const std::string path = folder.path("file");
  const std::string other = folder.path("other");
  REQUIRE(Fd(::open(other.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
  const auto refused = [&] {
    return !SharedFile::open(path, kSize, kMagic) &&
           !SharedFile::open_existing(path, kSize, kMagic);
  };
  REQUIRE(::symlink(other.c_str(), path.c_str()) == 0);
  CHECK(refused());
  CHECK(std::filesystem::file_size(other) == 0);
  REQUIRE((::unlink(path.c_str()) == 0 && ::mkfifo(path.c_str(), 0600) == 0));
  CHECK(refused());
}

TEST_CASE("shared file: who only looks does not make it, nor what is empty yet", "[limits]") {
  const test::TempDirectory folder;
  const std::string path = folder.path("file");
  CHECK(SharedFile::open_existing(path, kSize, kMagic).error().kind == ErrorKind::not_found);
  REQUIRE(Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
  CHECK(SharedFile::open_existing(path, kSize, kMagic).error().kind == ErrorKind::not_found);
  CHECK(std::filesystem::file_size(path) == 0);
  CHECK(SharedFile::open(path, kSize, kMagic));
  CHECK(SharedFile::open_existing(path, kSize, kMagic));
}

}  // namespace limits_shared_file_test

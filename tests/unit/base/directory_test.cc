#include "common/base/directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/unit/temp_directory.h"

namespace base_directory_test {

using namespace postrider;

TEST_CASE("directory: is made for its owner alone, and one that is there is fine", "[base]") {
  const test::TempDirectory directory;
  const std::string path = directory.path() + "/made";
  REQUIRE(require_writable_directory(path));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0700U);
  CHECK(require_writable_directory(path));
}

TEST_CASE("directory: what cannot be one is named with its reason", "[base]") {
  const test::TempDirectory directory;
  const std::string file = directory.path() + "/file";
  std::ofstream(file) << "text";
  const auto a_file = require_writable_directory(file);
  REQUIRE_FALSE(a_file);
  CHECK(a_file.error().text == file + ": Not a directory");
  const std::string orphan = directory.path() + "/none/below";
  const auto no_parent = require_writable_directory(orphan);
  REQUIRE_FALSE(no_parent);
  CHECK(no_parent.error().text == orphan + ": No such file or directory");
}

TEST_CASE("directory: one in which we may not write is refused", "[base]") {
  if (::geteuid() == 0) {
    WARN("skipped: root may write everywhere");
    return;
  }
  const test::TempDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0500) == 0);
  const auto refused = require_writable_directory(directory.path());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text == directory.path() + ": Permission denied");
}

}  // namespace base_directory_test

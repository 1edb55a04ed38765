#include "ctl/new_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace ctl_new_file_test {

using namespace postrider;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("new file: it is whole, has its mode, and is alone", "[setup]") {
  const test::TempDirectory folder;
  const std::string path = folder.path("key.pem");
  std::ofstream(path + ".new") << "half";  // of one that was cut off
  REQUIRE(ctl::write_new_file(path, "whole", 0640));
  CHECK(content_of(path) == "whole");
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);
  CHECK(status.st_nlink == 1);
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_CASE("new file: one of that name stays what it is, and no draft stays", "[setup]") {
  const test::TempDirectory folder;
  const std::string path = folder.path("key.pem");
  std::ofstream(path) << "ours";
  CHECK_FALSE(ctl::write_new_file(path, "other", 0640));
  CHECK(content_of(path) == "ours");
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_CASE("new file: a group that the host does not have is known", "[setup]") {
  CHECK(ctl::has_group("root"));
  CHECK_FALSE(ctl::has_group("postrider-no-such-group"));
  CHECK_FALSE(ctl::has_group(""));
}

}  // namespace ctl_new_file_test

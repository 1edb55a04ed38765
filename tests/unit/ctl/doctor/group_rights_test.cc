#include "ctl/doctor/group_rights.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace ctl_doctor_group_rights_test {

using namespace postrider;

namespace {

// A file of our own group, in a folder of it.
struct Place {
  test::TempDirectory root;
  std::string folder = root.path("tls");
  std::string file = folder + "/key.pem";
  gid_t ours = ::getegid();

  Place() {
    REQUIRE(std::filesystem::create_directory(folder));
    std::ofstream(file) << "key";
    set(0711, 0750, 0640);
  }
  void set(mode_t of_root, mode_t of_folder, mode_t of_file) const {
    REQUIRE(::chmod(root.path().c_str(), of_root) == 0);
    REQUIRE(::chmod(folder.c_str(), of_folder) == 0);
    REQUIRE(::chmod(file.c_str(), of_file) == 0);
  }
};

}  // namespace

TEST_CASE("group rights: a file of the group in folders of it is read", "[doctor]") {
  const Place place;
  CHECK(ctl::obstacle_to(place.file, place.ours).empty());
  place.set(0710, 0710, 0440);
  CHECK(ctl::obstacle_to(place.file, place.ours).empty());
}

TEST_CASE("group rights: what keeps the group from a file is named", "[doctor]") {
  const Place place;
  place.set(0711, 0750, 0600);
  CHECK(ctl::obstacle_to(place.file, place.ours) == place.file);
  place.set(0711, 0700, 0640);
  CHECK(ctl::obstacle_to(place.file, place.ours) == place.folder);
  place.set(0701, 0750, 0640);  // ours: what others may does not count
  CHECK(ctl::obstacle_to(place.file, place.ours) == place.root.path());
}

TEST_CASE("group rights: another group has the rights of others", "[doctor]") {
  const Place place;
  const gid_t other = place.ours + 1;
  CHECK(ctl::obstacle_to(place.file, other) == place.folder);
  place.set(0711, 0751, 0640);
  CHECK(ctl::obstacle_to(place.file, other) == place.file);
  place.set(0711, 0751, 0644);
  CHECK(ctl::obstacle_to(place.file, other).empty());
}

TEST_CASE("group rights: of a file that is not there nothing is known", "[doctor]") {
  const Place place;
  CHECK(ctl::obstacle_to(place.file + ".not", place.ours).empty());
}

}  // namespace ctl_doctor_group_rights_test

#include "common/sandbox/confinement.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace sandbox_confinement_test {

using namespace postrider;
using sandbox::folders_of;

using Paths = std::vector<std::string>;

TEST_CASE("confinement: of files that are replaced the folders are read, each once", "[sandbox]") {
  CHECK(folders_of({"/none/tls/cert.pem", "/none/tls/key.pem", ""}, {}) == Paths{"/none/tls"});
}

TEST_CASE("confinement: of a link the folder it leads to is read as well", "[sandbox]") {
  const test::TempDirectory directory;
  for (const char* name : {"live", "archive"})
    REQUIRE(::mkdir(directory.path(name).c_str(), 0700) == 0);
  std::ofstream(directory.path("archive/cert1.pem")) << "x";
  REQUIRE(::symlink("../archive/cert1.pem", directory.path("live/cert.pem").c_str()) == 0);
  CHECK(folders_of({directory.path("live/cert.pem")}, {}) ==
        Paths{directory.path("archive"), directory.path("live")});
}

TEST_CASE("confinement: a folder that holds what is secluded is not read, the file alone is",
          "[sandbox]") {
  CHECK(folders_of({"/none/cert.pem"}, {"/none/mail"}) == Paths{"/none/cert.pem"});
  CHECK(folders_of({"/none/cert.pem"}, {"/none"}) == Paths{"/none/cert.pem"});
  CHECK(folders_of({"/none/cert.pem"}, {"/nonesuch"}) == Paths{"/none"});
}

TEST_CASE("confinement: what the system's libraries read holds no secrets of the host",
          "[sandbox]") {
  for (const std::string& path : sandbox::system_files())
    for (const char* root : {"/", "/etc", "/proc", "/run", "/var", "/etc/ssl", "/home", "/dev"})
      CHECK(path != root);
}

}  // namespace sandbox_confinement_test

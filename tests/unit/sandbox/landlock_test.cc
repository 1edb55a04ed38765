#include "common/sandbox/landlock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include <netinet/in.h>
#include <catch2/catch.hpp>

#include "common/base/fd.h"
#include "tests/unit/sandbox/in_child.h"
#include "tests/unit/temp_directory.h"

namespace sandbox_landlock_test {

using namespace postrider;
using namespace postrider::sandbox;

namespace {

// Folders mine/, other/ and shared/, with a file in each.
struct Folders {
  Folders() {
    for (const char* name : {"mine", "other", "shared"}) {
      REQUIRE(::mkdir(at(name).c_str(), 0700) == 0);
      std::ofstream(at(name) + "/file") << "text";
    }
  }
  std::string at(const std::string& name) const { return directory.path(name); }

  test::TempDirectory directory;
};

int open_errno(const std::string& path, int flags) {
  const Fd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  return outcome(fd.get());
}

// A listening socket on a free port of the loopback.
struct Listening {
  Listening() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(fd.get(), generic(), sizeof address) == 0);
    REQUIRE(::listen(fd.get(), 5) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  }
  const sockaddr* generic() const { return reinterpret_cast<const sockaddr*>(&address); }
  std::uint16_t port() const { return ntohs(address.sin_port); }
  int connect_errno() const {
    const Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return outcome(::connect(client.get(), generic(), sizeof address));
  }

  Fd fd;
  sockaddr_in address{};
};

bool lacks(int version) {
  if (landlock_version() >= version) return false;
  WARN("this kernel's Landlock has version " << landlock_version() << ", not " << version);
  return true;
}

}  // namespace

TEST_CASE("landlock: what is to be read is read, and not written", "[sandbox][slow]") {
  if (lacks(kLeastLandlock)) return;
  const Folders folders;
  const Confinement may{.read = {folders.at("mine")}};
  const std::string file = folders.at("mine/file");
  CHECK(in_child(may, [&] { return open_errno(file, O_RDONLY); }) == 0);
  CHECK(in_child(may, [&] { return open_errno(file, O_WRONLY); }) == EACCES);
  CHECK(in_child(may, [&] { return outcome(::unlink(file.c_str())); }) == EACCES);
}

TEST_CASE("landlock: a single file may be read, and its neighbours not", "[sandbox][slow]") {
  if (lacks(kLeastLandlock)) return;
  const Folders folders;
  std::ofstream(folders.at("mine/neighbour")) << "text";
  const Confinement may{.read = {folders.at("mine/file")}};
  CHECK(in_child(may, [&] { return open_errno(folders.at("mine/file"), O_RDONLY); }) == 0);
  CHECK(in_child(may, [&] { return open_errno(folders.at("mine/neighbour"), O_RDONLY); }) ==
        EACCES);
}

TEST_CASE("landlock: in a folder to write files are made, moved between folders, and removed",
          "[sandbox]") {
  if (lacks(kLeastLandlock)) return;
  const Folders folders;
  const Confinement may{.write = {folders.at("mine")}};
  const auto deliver = [&] {
    const std::string tmp = folders.at("mine/tmp");
    const std::string now = folders.at("mine/new");
    if (::mkdir(tmp.c_str(), 0700) != 0 || ::mkdir(now.c_str(), 0700) != 0) return 1;
    if (open_errno(tmp + "/1", O_WRONLY | O_CREAT) != 0) return 2;
    if (::rename((tmp + "/1").c_str(), (now + "/1").c_str()) != 0) return 3;
    if (::link((now + "/1").c_str(), (now + "/2").c_str()) != 0) return 4;
    if (open_errno(now + "/1", O_WRONLY | O_TRUNC) != 0) return 5;
    return ::unlink((now + "/1").c_str()) == 0 ? 0 : 6;
  };
  CHECK(in_child(may, deliver) == 0);
}

TEST_CASE("landlock: in a shared folder files are made, and none is removed or moved",
          "[sandbox][slow]") {
  if (lacks(kLeastLandlock)) return;
  const Folders folders;
  const Confinement may{.share = {folders.at("shared")}};
  const std::string file = folders.at("shared/file");
  const std::string made = folders.at("shared/new");
  CHECK(in_child(may, [&] { return open_errno(made, O_RDWR | O_CREAT); }) == 0);
  CHECK(in_child(may, [&] { return outcome(::unlink(file.c_str())); }) == EACCES);
  CHECK(in_child(may, [&] { return outcome(::rename(made.c_str(), file.c_str())); }) == EACCES);
}

TEST_CASE("landlock: what is not named can neither be read nor listed, nor reached by a link",
          "[sandbox][slow]") {
  if (lacks(kLeastLandlock)) return;
  const Folders folders;
  const std::string link = folders.at("mine/link");
  REQUIRE(::symlink(folders.at("other/file").c_str(), link.c_str()) == 0);
  const Confinement may{.write = {folders.at("mine")}};
  for (const std::string& path : {folders.at("other/file"), folders.at("other"), link})
    CHECK(in_child(may, [&] { return open_errno(path, O_RDONLY); }) == EACCES);
  // EXDEV, as between two file systems.
  const auto steal = [&] {
    return outcome(::link(folders.at("other/file").c_str(), folders.at("mine/stolen").c_str()));
  };
  CHECK(in_child(may, steal) != 0);
}

TEST_CASE("landlock: what was open before stays so", "[sandbox]") {
  if (lacks(kLeastLandlock)) return;
  const Folders folders;
  const Fd fd(::open(folders.at("other/file").c_str(), O_RDONLY | O_CLOEXEC));
  char octet = 0;
  CHECK(in_child({}, [&] { return ::read(fd.get(), &octet, 1) == 1 ? 0 : 1; }) == 0);
}

TEST_CASE("landlock: TCP leads to the ports that are named, and no port is taken",
          "[sandbox][slow]") {
  if (lacks(4)) return;
  const Listening one;
  const Listening other;
  const Confinement some{.speaks_to_network = true, .tcp_ports = {one.port()}};
  CHECK(in_child(some, [&] { return one.connect_errno(); }) == 0);
  CHECK(in_child(some, [&] { return other.connect_errno(); }) == EACCES);
  const Confinement any{.speaks_to_network = true};
  CHECK(in_child(any, [&] { return other.connect_errno(); }) == 0);
}

TEST_CASE("landlock: what is missing and only read is passed over; a folder to write in is not",
          "[sandbox][slow]") {
  if (lacks(kLeastLandlock)) return;
  const Folders folders;
  CHECK(in_child({.read = {folders.at("none")}}, [] { return 0; }) == 0);
  CHECK(in_child({.write = {folders.at("none")}}, [] { return 0; }) == kNotConfined);
  CHECK(in_child({.share = {folders.at("none")}}, [] { return 0; }) == kNotConfined);
}

}  // namespace sandbox_landlock_test

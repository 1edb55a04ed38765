#include "ctl/mailbox_rights.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include <catch2/catch.hpp>

#include "common/base/fd.h"
#include "tests/unit/temp_directory.h"

namespace ctl_mailbox_rights_test {

using namespace postrider;
using namespace postrider::ctl;

namespace {

struct Fixture {
  Fixture() : directory(::open(root.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  // Makes the directory another's. False: we are not root.
  bool give_away() const {
    return ::geteuid() == 0 && ::fchown(directory.get(), 12345, 12346) == 0;
  }

  test::TempDirectory root;
  Fd directory;
};

// Of this process.
bool drop_setgid() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  sets[0].effective &= ~(1U << CAP_SETGID);
  return ::syscall(SYS_capset, &header, sets.data()) == 0;
}

}  // namespace

TEST_CASE("mailbox rights: they are the owner's until they are given back", "[ctl]") {
  const Fixture f;
  if (!f.give_away()) return;
  {
    const auto rights = MailboxRights::take(f.directory.get());
    REQUIRE(rights.has_value());
    CHECK(::geteuid() == 12345);
    CHECK(::getegid() == 12346);
  }
  CHECK(::geteuid() == 0);
  CHECK(::getegid() == ::getgid());
}

TEST_CASE("mailbox rights: where the kernel refuses them that is an error", "[ctl]") {
  const Fixture f;
  if (!f.give_away()) return;
  const pid_t child = ::fork();
  if (child == 0) {
    if (!drop_setgid()) ::_exit(2);
    ::_exit(MailboxRights::take(f.directory.get()).has_value() ? 1 : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace ctl_mailbox_rights_test

#include "ctl/context.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/maildir/mail_directory.h"

namespace ctl_context_test {

using namespace postrider;

TEST_CASE("context: JSON has no character that could control the terminal", "[ctl]") {
  CHECK(ctl::one_line("a\x1b\x7f\xc2\x9b\xff") == "\"a\\u001b\\u007f\\u009b\\ufffd\"");
}

TEST_CASE("context: an error has no character that could control the terminal", "[ctl]") {
  const test::TempDirectory root;
  const std::string path = root.path() + "/shown";
  std::fflush(stderr);
  const Fd terminal(::dup(STDERR_FILENO));
  {
    const Fd shown(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::dup2(shown.get(), STDERR_FILENO) == STDERR_FILENO);
  }
  ctl::Context context;
  context.refuse(Error{ErrorKind::temporary, "new/1.\x1b[2J: Input/output error"});
  std::fflush(stderr);
  REQUIRE(::dup2(terminal.get(), STDERR_FILENO) == STDERR_FILENO);
  CHECK(content_of(path) == "postrider: new/1.\\x1b[2J: Input/output error\n");
  CHECK(context.status == ctl::ExitStatus::try_again);
}

TEST_CASE("context: an error that nobody hears sets the status all the same", "[ctl]") {
  std::fflush(stderr);
  const Fd terminal(::dup(STDERR_FILENO));
  {
    const Fd gone(::open("/dev/null", O_RDONLY | O_CLOEXEC));  // no write succeeds
    REQUIRE(::dup2(gone.get(), STDERR_FILENO) == STDERR_FILENO);
  }
  ctl::Context context;
  context.refuse(Error{ErrorKind::temporary, "ended by signal 1"});
  REQUIRE(::dup2(terminal.get(), STDERR_FILENO) == STDERR_FILENO);
  CHECK(context.status == ctl::ExitStatus::try_again);
}

}  // namespace ctl_context_test

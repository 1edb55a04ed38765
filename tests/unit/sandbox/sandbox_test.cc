#include "common/sandbox/sandbox.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <string>

#include <catch2/catch.hpp>

#include "common/sandbox/landlock.h"
#include "common/sandbox/system_calls.h"
#include "tests/unit/sandbox/in_child.h"

namespace sandbox_sandbox_test {

using namespace postrider;

namespace {

struct Log {
  std::string text;
  SystemClock clock;
  log::Logger logger{"test", log::Level::info, log::Format::logfmt, clock,
                     [this](std::string_view lines) { text += lines; }};
};

bool is_whole() {
  return sandbox::landlock_version() >= sandbox::kLeastLandlock && sandbox::can_filter();
}

}  // namespace

TEST_CASE("sandbox: where the kernel has all of it, nothing is told", "[sandbox]") {
  if (!is_whole()) return;
  Log log;
  CHECK(sandbox::prepare("on", log.logger));
  CHECK(sandbox::prepare("require", log.logger));
  CHECK(log.text.empty());
}

// Within a sandbox the kernel seems to have none.
TEST_CASE("sandbox: what the kernel lacks is told, and refused where it is required", "[sandbox]") {
  if (!is_whole()) return;
  const auto look = [] {
    Log log;
    if (!sandbox::prepare("off", log.logger) || !log.text.empty()) return 1;
    if (!sandbox::prepare("on", log.logger)) return 2;
    if (log.text.find("event=sandbox_incomplete lacking=Landlock") == std::string::npos) return 3;
    const auto required = sandbox::prepare("require", log.logger);
    if (required || required.error().kind != ErrorKind::invalid) return 4;
    return required.error().text.find("security.sandbox = \"require\"") != std::string::npos ? 0
                                                                                             : 5;
  };
  CHECK(sandbox::in_child({}, look) == 0);
}

TEST_CASE("sandbox: switched off it confines nobody", "[sandbox]") {
  CHECK(sandbox::confine({.write = {"/no/such/folder"}}, "off"));
  CHECK(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

TEST_CASE("sandbox: who is confined gains nothing by a program", "[sandbox][slow]") {
  CHECK(sandbox::in_child({}, [] { return 7; }) == 7);
  // prctl(2) is one of the calls that are gone.
  if (sandbox::can_filter())
    CHECK(sandbox::in_child(
              {}, [] { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1 ? errno : 0; }) == ENOSYS);
}

}  // namespace sandbox_sandbox_test

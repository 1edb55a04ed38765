#include "common/sandbox/sandbox.h"

#include <sys/prctl.h>

#include <cerrno>
#include <string>

#include <fmt/format.h>

#include "common/sandbox/landlock.h"
#include "common/sandbox/system_calls.h"

namespace postrider::sandbox {

namespace {

bool has_landlock() noexcept { return landlock_version() >= kLeastLandlock; }

// In words; empty: nothing.
std::string what_is_lacking() {
  if (!has_landlock() && !can_filter()) return "Landlock and seccomp";
  if (!has_landlock()) return "Landlock";
  return can_filter() ? "" : "seccomp";
}

}  // namespace

Result<void> prepare(std::string_view mode, log::Logger& log) {
  constexpr std::string_view kMending =
      "run Linux 5.19 or later with landlock in the list lsm= of its command line, and where a "
      "container or unit filters system calls let seccomp and landlock_* through";
  if (mode == "off") return {};
  const std::string lacking = what_is_lacking();
  if (lacking.empty()) return {};
  if (mode == "require")
    return fail(ErrorKind::invalid,
                fmt::format("security.sandbox = \"require\", and this kernel offers no {}: {}; or "
                            "set it to \"on\" to do without",
                            lacking, kMending));
  log.warning("sandbox_incomplete")
      .with("lacking", lacking)
      .with("effect", "who takes a worker over can do what its user can")
      .with("mending", fmt::format("{}; or set security.sandbox = \"off\"", kMending));
  return {};
}

Result<void> confine(const Confinement& confinement, std::string_view mode) {
  if (mode == "off") return {};
  // Both ask for it, unless the user is root.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("no_new_privs", errno);
  // In this order, as the filter lets nobody make further rules.
  if (has_landlock())
    if (auto done = restrict_by_landlock(confinement, landlock_version()); !done) return done;
  if (can_filter()) return filter_system_calls(confinement);
  return {};
}

}  // namespace postrider::sandbox

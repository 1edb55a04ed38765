#include "common/sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "common/base/fd.h"

namespace postrider::sandbox {

namespace {

// As in <linux/landlock.h>, of which Debian 12 has the second version.
constexpr std::uint64_t kTruncate = 1U << 14;
constexpr std::uint64_t kIoctlDevice = 1U << 15;
constexpr std::uint64_t kBindTcp = 1U << 0;
constexpr std::uint64_t kConnectTcp = 1U << 1;
constexpr std::uint64_t kScopeAbstractUnix = 1U << 0;
constexpr std::uint64_t kScopeSignal = 1U << 1;
constexpr int kRulePort = 2;

struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t ports = 0;
  std::uint64_t scopes = 0;
};

struct PortRule {
  std::uint64_t rights = 0;
  std::uint64_t port = 0;
};

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kRead = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kShare =
    kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | kTruncate;
constexpr std::uint64_t kWrite = kShare | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                 LANDLOCK_ACCESS_FS_REFER;
// Of the rights to a folder, those that a file can have.
constexpr std::uint64_t kOfFile = kReadFile | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;

// Which version brought what.
struct Since {
  int version;
  Ruleset adds;
};
constexpr Since kVersions[] = {
    {1, {.files = (std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_SYM} << 1) - 1}},
    {2, {.files = LANDLOCK_ACCESS_FS_REFER}},
    {3, {.files = kTruncate}},
    {4, {.ports = kBindTcp | kConnectTcp}},
    {5, {.files = kIoctlDevice}},
    {6, {.scopes = kScopeAbstractUnix | kScopeSignal}},
};

Ruleset handled_by(int version) noexcept {
  Ruleset all;
  for (const Since& since : kVersions) {
    if (since.version > version) continue;
    all.files |= since.adds.files;
    all.ports |= since.adds.ports;
    all.scopes |= since.adds.scopes;
  }
  return all;
}

// An older kernel takes a larger structure where it ends in zeros.
Result<Fd> make_ruleset(const Ruleset& rules) {
  Fd fd(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0)));
  if (!fd) return fail_errno("landlock_create_ruleset", errno);
  return fd;
}

Result<void> allow_path(int ruleset, const std::string& path, std::uint64_t rights) {
  const Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return fail_errno(path, errno);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? rights : rights & kOfFile;
  rule.parent_fd = fd.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return fail_errno(fmt::format("landlock_add_rule: {}", path), errno);
  return {};
}

Result<void> allow_port(int ruleset, std::uint16_t port) {
  const PortRule rule{kConnectTcp, port};
  if (::syscall(SYS_landlock_add_rule, ruleset, kRulePort, &rule, 0) != 0)
    return fail_errno(fmt::format("landlock_add_rule: port {}", port), errno);
  return {};
}

Result<void> allow(int ruleset, const Confinement& confinement, const Ruleset& handled) {
  // What is not there, or not ours to see, needs no leave.
  for (const std::string& path : confinement.read)
    if (::access(path.c_str(), F_OK) == 0)
      if (auto done = allow_path(ruleset, path, kRead & handled.files); !done) return done;
  for (const std::string& path : confinement.share)
    if (auto done = allow_path(ruleset, path, kShare & handled.files); !done) return done;
  for (const std::string& path : confinement.write)
    if (auto done = allow_path(ruleset, path, kWrite & handled.files); !done) return done;
  // What a library writes nowhere.
  if (::access("/dev/null", F_OK) == 0)
    if (auto done = allow_path(ruleset, "/dev/null", kShare & handled.files); !done) return done;
  if ((handled.ports & kConnectTcp) == 0) return {};
  for (const std::uint16_t port : confinement.tcp_ports)
    if (auto done = allow_port(ruleset, port); !done) return done;
  return {};
}

}  // namespace

int landlock_version() noexcept {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

Result<void> restrict_by_landlock(const Confinement& confinement, int version) {
  Ruleset handled = handled_by(version);
  if (confinement.speaks_to_network && confinement.tcp_ports.empty()) handled.ports &= ~kConnectTcp;
  const auto ruleset = make_ruleset(handled);
  if (!ruleset) return pass_on(ruleset.error());
  if (auto allowed = allow(ruleset->get(), confinement, handled); !allowed) return allowed;
  if (::syscall(SYS_landlock_restrict_self, ruleset->get(), 0) != 0)
    return fail_errno("landlock_restrict_self", errno);
  return {};
}

}  // namespace postrider::sandbox

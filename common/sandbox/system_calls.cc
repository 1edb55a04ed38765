#include "common/sandbox/system_calls.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>
#include <netinet/in.h>

namespace postrider::sandbox {

namespace {

// By names, as not every architecture has each of them.
constexpr const char* kAlways[] = {
    // descriptors
    "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "lseek",
    "close", "close_range", "dup", "dup2", "dup3", "fcntl", "pipe", "pipe2",
    // files, of which Landlock knows the paths
    "open", "openat", "openat2", "creat", "access", "faccessat", "faccessat2", "stat", "lstat",
    "fstat", "newfstatat", "statx", "statfs", "fstatfs", "readlink", "readlinkat", "getdents64",
    "getcwd", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2",
    "link", "linkat", "ftruncate", "fallocate", "fadvise64", "flock", "fsync", "fdatasync",
    "sync_file_range", "syncfs", "fchmod", "fchown", "umask", "utimensat", "sendfile",
    "copy_file_range",
    // connections that are there
    "recvfrom", "recvmsg", "recvmmsg", "shutdown", "getsockname", "getpeername", "getsockopt",
    "setsockopt", "socketpair",
    // waiting
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
    "select", "pselect6", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    "signalfd4", "nanosleep", "clock_nanosleep", "pause", "restart_syscall",
    // memory
    "brk", "munmap", "mremap", "madvise", "msync", "mincore", "mlock", "mlock2", "munlock",
    // threads and signals, its own
    "futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq", "set_tid_address",
    "arch_prctl", "membarrier", "sched_yield", "sched_getaffinity", "getcpu", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigpending",
    "sigaltstack", "exit", "exit_group",
    // questions
    "clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom", "getpid", "getppid",
    "gettid", "getuid", "geteuid", "getgid", "getegid", "getgroups", "getresuid", "getresgid",
    "uname", "sysinfo", "getrusage", "getrlimit", "times"};

constexpr const char* kToAccept[] = {"accept", "accept4"};
constexpr const char* kToConnect[] = {"connect"};

// A daemon has no reason to. Nor has a library, where it is told that the kernel is an old one.
constexpr const char* kNever[] = {
    // other programs and processes
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
    "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kill", "tkill", "rt_sigqueueinfo",
    "rt_tgsigqueueinfo", "kcmp",
    // another user, another root, another name space
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid",
    "setfsgid", "capset", "chroot", "pivot_root", "unshare", "setns", "mount", "umount2",
    "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
    // files, past their paths or the rules for them
    "open_by_handle_at", "chmod", "fchmodat", "chown", "lchown", "fchownat", "setxattr",
    "lsetxattr", "symlink", "symlinkat", "mknod", "mknodat", "truncate",
    // the kernel
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "init_module", "finit_module",
    "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "iopl",
    "ioperm", "modify_ldt", "personality", "keyctl", "add_key", "request_key", "settimeofday",
    "clock_settime", "adjtimex", "clock_adjtime", "syslog", "quotactl"};

using Context = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, void (*)(scmp_filter_ctx)>;
using Conditions = std::vector<scmp_arg_cmp>;

// The argument, masked, is `value`.
template <typename Int>
scmp_arg_cmp is(unsigned argument, std::uint64_t mask, Int value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, static_cast<scmp_datum_t>(value)};
}

constexpr std::uint64_t kAll = ~std::uint64_t{0};

// A filter in the making. After the first error the rest does nothing.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &seccomp_release) {
    if (!context_) note(-ENOMEM, "seccomp_init");
    set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    // A binary tree. The kernel remembers what always goes through, but has to look at arguments.
    set(SCMP_FLTATR_CTL_OPTIMIZE, 2);
    // A process that runs no code of others needs no slower memory (Linux before 5.16).
    if (seccomp_api_get() >= 4) set(SCMP_FLTATR_CTL_SSB, 1);
  }

  void allow(std::span<const char* const> names) {
    for (const char* name : names) add(SCMP_ACT_ALLOW, name, {});
  }
  void kill(std::span<const char* const> names) {
    for (const char* name : names) add(SCMP_ACT_KILL_PROCESS, name, {});
  }
  // Where all of `conditions` hold; several of one call are alternatives.
  void allow(const char* name, const Conditions& conditions) {
    add(SCMP_ACT_ALLOW, name, conditions);
  }
  void kill(const char* name, const Conditions& conditions) {
    add(SCMP_ACT_KILL_PROCESS, name, conditions);
  }
  void refuse(const char* name, int error, const Conditions& conditions) {
    add(SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)), name, conditions);
  }

  Result<void> load() {
    if (error_ == 0) note(seccomp_load(context_.get()), "seccomp_load");
    if (error_ != 0) return fail_errno(what_, -error_);
    return {};
  }

 private:
  // A name that is not known here is of no call that could be made, or of one that is refused.
  void add(std::uint32_t action, const char* name, const Conditions& conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || error_ != 0) return;
    note(seccomp_rule_add_array(context_.get(), action, number,
                                static_cast<unsigned>(conditions.size()), conditions.data()),
         name);
  }
  void set(scmp_filter_attr attribute, std::uint32_t value) {
    if (error_ == 0) note(seccomp_attr_set(context_.get(), attribute, value), "seccomp_attr_set");
  }
  void note(int status, const char* what) {
    if (status >= 0 || error_ != 0) return;
    error_ = status;
    what_ = what;
  }

  Context context_;
  int error_ = 0;
  const char* what_ = "";
};

// Threads, but no processes; of its signals, those to itself.
void allow_threads(Filter& filter) {
  filter.allow("clone", {is(0, CLONE_THREAD, CLONE_THREAD)});
  filter.kill("clone", {is(0, CLONE_THREAD, 0)});
  filter.allow("tgkill", {is(0, kAll, ::getpid())});
  filter.allow("prctl", {is(0, kAll, PR_SET_NAME)});
  // To ask for a limit, not to set one.
  filter.allow("prlimit64", {is(2, kAll, 0)});
}

// Memory that is executed is never written, and the other way round.
void allow_memory(Filter& filter) {
  constexpr std::uint64_t kBoth = PROT_WRITE | PROT_EXEC;
  for (const int one : {0, PROT_WRITE, PROT_EXEC}) filter.allow("mmap", {is(2, kBoth, one)});
  filter.refuse("mmap", EACCES, {is(2, kBoth, kBoth)});
  filter.allow("mprotect", {is(2, PROT_EXEC, 0)});
  filter.refuse("mprotect", EACCES, {is(2, PROT_EXEC, PROT_EXEC)});
}

// Nothing that types on a terminal or talks to a device.
void allow_ioctl(Filter& filter) {
  constexpr std::uint64_t kNumber = 0xffff'ffff;
  for (const int request : {FIONBIO, FIONREAD, TCGETS})
    filter.allow("ioctl", {is(1, kNumber, request)});
}

// TCP Fast Open connects without connect(2), past the rules for ports.
void allow_sending(Filter& filter) {
  constexpr std::uint64_t kFastOpen = MSG_FASTOPEN;
  filter.allow("sendto", {is(3, kFastOpen, 0)});
  filter.allow("sendmsg", {is(2, kFastOpen, 0)});
  filter.allow("sendmmsg", {is(3, kFastOpen, 0)});
}

// No raw sockets, and none of a protocol whose connections the rules for ports do not see.
void allow_internet_sockets(Filter& filter) {
  struct Kind {
    std::uint64_t type, protocol;
  };
  constexpr Kind kKinds[] = {
      {SOCK_STREAM, 0}, {SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, 0}, {SOCK_DGRAM, IPPROTO_UDP}};
  constexpr std::uint64_t kType = 0xf;  // without SOCK_NONBLOCK and SOCK_CLOEXEC
  for (const int family : {AF_INET, AF_INET6})
    for (const Kind& kind : kKinds)
      filter.allow("socket",
                   {is(0, kAll, family), is(1, kType, kind.type), is(2, kAll, kind.protocol)});
}

void allow_sockets(Filter& filter, const Confinement& confinement) {
  if (confinement.accepts) filter.allow(kToAccept);
  if (confinement.speaks_to_host || confinement.speaks_to_network) filter.allow(kToConnect);
  if (confinement.speaks_to_network) allow_internet_sockets(filter);
  if (confinement.speaks_to_host) filter.allow("socket", {is(0, kAll, AF_UNIX)});
  // As a kernel says that is built without.
  for (const int family : {AF_UNIX, AF_INET, AF_INET6})
    if (family == AF_UNIX ? !confinement.speaks_to_host : !confinement.speaks_to_network)
      filter.refuse("socket", EAFNOSUPPORT, {is(0, kAll, family)});
}

}  // namespace

bool can_filter() noexcept { return seccomp_api_get() >= 3; }

Result<void> filter_system_calls(const Confinement& confinement) {
  Filter filter;
  filter.allow(kAlways);
  allow_threads(filter);
  allow_memory(filter);
  allow_ioctl(filter);
  allow_sending(filter);
  allow_sockets(filter, confinement);
  filter.kill(kNever);
  return filter.load();
}

}  // namespace postrider::sandbox

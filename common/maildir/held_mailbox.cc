#include "common/maildir/held_mailbox.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "common/maildir/mailbox_lock.h"
#include "common/maildir/mailbox_path.h"
#include "common/maildir/open_flags.h"
#include "common/maildir/unseen.h"

namespace postrider::maildir {

namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

// Whose it is already needs no right to give it away.
int give(int fd, uid_t owner, gid_t group) noexcept {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno;
  if (status.st_uid == owner && status.st_gid == group) return 0;
  return ::fchown(fd, owner, group) == 0 ? 0 : errno;
}

Result<HeldMailbox> open_at(std::string path) {
  HeldMailbox held;
  held.path = std::move(path);
  held.directory = Fd(::open(held.path.c_str(), kDirectory));
  if (!held.directory) return fail_errno(held.path, errno);
  struct stat status {};
  if (::fstat(held.directory.get(), &status) != 0) return fail_errno(held.path, errno);
  held.owner = status.st_uid;
  held.group = status.st_gid;
  held.mode = status.st_mode & 0777U;
  return held;
}

Result<HeldMailbox> hold(std::string path) {
  auto opened = open_at(std::move(path));
  if (!opened) return opened;
  HeldMailbox held = std::move(*opened);
  auto lock = lock_unseen(held.directory.get());
  if (!lock) return fail(lock.error().kind, fmt::format("{}/{}", held.path, lock.error().text));
  if (!*lock)
    return fail(ErrorKind::temporary,
                fmt::format("{}: is in use by a POP3 session or another command; try again when "
                            "that has ended",
                            held.path));
  held.lock = std::move(*lock);
  // It may be new, and then pop3d could not open it.
  if (const int error = give(held.lock.get(), held.owner, held.group); error != 0)
    return fail_errno(fmt::format("{}/{}", held.path, kLockName), error);
  return held;
}

// Makes one folder below `at` where it is missing; it is the one of whoever owns `at`.
// `follow`: O_NOFOLLOW where one that is there may be no symbolic link, else 0.
Result<Fd> make_below(int at, const std::string& name, mode_t mode, int follow) {
  const bool made = ::mkdirat(at, name.c_str(), mode) == 0;
  if (!made && errno != EEXIST) return fail_errno(name, errno);
  Fd fd(::openat(at, name.c_str(), kDirectory | (made ? O_NOFOLLOW : follow)));
  if (!fd) return fail_errno(name, errno);
  struct stat above {};
  if (made && (::fstat(at, &above) != 0 || ::fchmod(fd.get(), mode) != 0 ||
               give(fd.get(), above.st_uid, above.st_gid) != 0))
    return fail_errno(name, errno);
  return fd;
}

}  // namespace

HeldMailbox::Place HeldMailbox::at(const std::string& below) const {
  const std::size_t slash = below.rfind('/');
  if (slash == std::string::npos) return {directory.get(), below.c_str()};
  const std::string_view folder = std::string_view(below).substr(0, slash);
  auto known = folders_.find(folder);
  if (known == folders_.end() || !known->second) {
    Fd fd(::openat(directory.get(), std::string(folder).c_str(), kDirectory | O_NOFOLLOW));
    known = folders_.insert_or_assign(std::string(folder), std::move(fd)).first;
  }
  return {known->second ? known->second.get() : -1, below.c_str() + slash + 1};
}

int HeldMailbox::adopt(int fd, mode_t mode_of_it) const noexcept {
  if (const int error = give(fd, owner, group); error != 0) return error;
  return ::fchmod(fd, mode_of_it) == 0 ? 0 : errno;
}

Result<HeldMailbox> hold_mailbox(const std::string& mail_directory, const std::string& mailbox) {
  const auto relative = mailbox_path(mailbox);
  if (!relative) return pass_on(relative.error());
  return hold(fmt::format("{}/{}", mail_directory, *relative));
}

Result<HeldMailbox> look_at_mailbox(const std::string& mail_directory, const std::string& mailbox) {
  const auto relative = mailbox_path(mailbox);
  if (!relative) return pass_on(relative.error());
  return open_at(fmt::format("{}/{}", mail_directory, *relative));
}

Result<HeldMailbox> make_and_hold_mailbox(const std::string& mail_directory,
                                          const std::string& mailbox) {
  const auto relative = mailbox_path(mailbox);
  if (!relative) return pass_on(relative.error());
  Fd at(::open(mail_directory.c_str(), kDirectory));
  if (!at) return fail_errno(mail_directory, errno);
  for (std::size_t begin = 0; begin < relative->size();) {
    const std::size_t end = std::min(relative->find('/', begin), relative->size());
    auto below = make_below(at.get(), relative->substr(begin, end - begin), kDirectoryMode, 0);
    if (!below)
      return fail(below.error().kind, fmt::format("{}/{}", mail_directory, below.error().text));
    at = std::move(*below);
    begin = end + 1;
  }
  auto held = hold(fmt::format("{}/{}", mail_directory, *relative));
  if (!held) return held;
  for (const char* name : {"tmp", "new", "cur"})
    if (auto made = make_folder(*held, name); !made) return pass_on(std::move(made.error()));
  return held;
}

Result<void> make_folder(const HeldMailbox& mailbox, const std::string& name) {
  const auto made = make_below(mailbox.directory.get(), name, mailbox.mode, O_NOFOLLOW);
  if (!made) return fail(made.error().kind, fmt::format("{}/{}", mailbox.path, made.error().text));
  return {};
}

Result<void> sync_names(const HeldMailbox& mailbox) {
  for (const char* name : {"new", "cur", ".", "..", "../..", "../../.."}) {
    const Fd directory(::openat(mailbox.directory.get(), name, kDirectory));
    if (!directory && errno == ENOENT) continue;
    if (!directory || ::fsync(directory.get()) != 0)
      return fail_errno(fmt::format("{}/{}", mailbox.path, name), errno);
  }
  return {};
}

}  // namespace postrider::maildir

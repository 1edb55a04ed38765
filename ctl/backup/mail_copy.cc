#include "ctl/backup/mail_copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/handle.h"
#include "common/maildir/file_name.h"
#include "common/maildir/mailbox_lock.h"
#include "common/maildir/trash.h"

namespace postrider::ctl::backup {

namespace {

using Directory = Handle<DIR, &::closedir>;

// <domain>/<user>/Maildir, and folders that other programs make in it.
constexpr int kMaxFolders = 16;
// Of <domain>/<user>: above, "cur" would be the name of a domain or a user.
constexpr int kUserDepth = 2;
// Looks at a Maildir, from which everything is moved all the time.
constexpr int kMaxLooks = 30;
// In the order in which a message moves.
constexpr std::array<const char*, 3> kMessageFolders{"new", "cur", maildir::kTrashFolder};
constexpr std::string_view kTmp = "tmp";
// Of the mailbox as it is in this run of the kernel (common/maildir/known_sizes.h).
constexpr std::string_view kKnownSizes = "postrider.sizes";

// A folder that is being read, and its place in the backup.
struct Folder {
  Directory directory;
  std::string path;
  std::string name;  // for people

  int fd() const noexcept { return ::dirfd(directory.get()); }
};

// Nothing where it is not there, or is something else: a symbolic link is not followed.
Result<std::optional<Folder>> open_folder(int at, const char* entry, std::string path,
                                          std::string name) {
  Fd fd(::openat(at, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
    return std::optional<Folder>();
  Directory directory(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!directory) return fail_errno(name, errno);
  static_cast<void>(fd.release());  // belongs to `directory` now
  return std::optional<Folder>(Folder{std::move(directory), std::move(path), std::move(name)});
}

// What stays the same of a file when it is renamed, and differs from that of one that takes its
// inode later.
std::uint64_t key_of(std::string_view name, const struct stat& status) noexcept {
  const auto trashed = maildir::TrashName::parse(name);
  const auto base = maildir::FileName::parse(trashed ? trashed->file_name : name).base;
  const std::array<std::uint64_t, 4> identity{status.st_ino,
                                              static_cast<std::uint64_t>(status.st_mtim.tv_sec),
                                              static_cast<std::uint64_t>(status.st_mtim.tv_nsec),
                                              static_cast<std::uint64_t>(status.st_size)};
  return XXH3_64bits_withSeed(base.data(), base.size(),
                              XXH3_64bits(identity.data(), sizeof identity));
}

class MailCopy {
 public:
  explicit MailCopy(Draft& draft) : draft_(draft) {}

  Result<void> folder(Folder& folder, int depth) {
    if (auto added = add(folder); !added) return added;
    if (depth > kMaxFolders) {
      draft_.left_out().add(
          fmt::format("{}: is more than {} folders deep", folder.name, kMaxFolders));
      return {};
    }
    const bool maildir = depth >= kUserDepth && is_maildir(folder);
    if (maildir)
      if (auto copied = messages(folder); !copied) return copied;
    return others(folder, depth, maildir);
  }

  const MailCounts& counts() const noexcept { return counts_; }

 private:
  using Keys = std::unordered_set<std::uint64_t>;

  static bool is_maildir(const Folder& folder) noexcept {
    struct stat status {};
    return ::fstatat(folder.fd(), "cur", &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
  }

  Result<void> add(const Folder& folder) {
    struct stat status {};
    if (::fstat(folder.fd(), &status) != 0) return fail_errno(folder.name, errno);
    return draft_.add_folder(folder.path, status);
  }

  // The first look copies, the second finds what a rename has hidden from it. Where that is
  // something, the next read the names under the lock of the readers, if it can be had, and copy
  // when they have let go of it.
  Result<void> messages(const Folder& maildir) {
    ++counts_.maildirs;
    Keys known;
    for (int look = 0; look < kMaxLooks; ++look) {
      const std::size_t before = known.size();
      vanished_ = 0;
      if (auto done =
              look < 2 ? look_through(maildir, look == 0, known) : look_under_lock(maildir, known);
          !done)
        return done;
      counts_.messages += known.size() - before;
      if (look > 0 && vanished_ == 0 && known.size() == before) return {};
    }
    if (vanished_ > 0)
      draft_.problems().add(
          fmt::format("{}: {} files were moved whenever they were to be copied, and may be missing",
                      maildir.name, vanished_));
    return {};
  }

  Result<void> look_through(const Folder& maildir, bool is_first, Keys& known) {
    for (const char* name : kMessageFolders) {
      auto done = messages_in(maildir, name, [&](const Folder& folder, const std::string& file) {
        return message(folder, file, is_first, known);
      });
      if (!done) return done;
    }
    return {};
  }

  Result<void> look_under_lock(const Folder& maildir, Keys& known) {
    std::vector<std::pair<const char*, std::string>> unknown;
    {
      const Fd lock = lock_of(maildir);
      for (const char* name : kMessageFolders) {
        auto done = messages_in(maildir, name, [&](const Folder& folder, const std::string& file) {
          struct stat status {};
          if (::fstatat(folder.fd(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
            return gone(folder.name, errno);
          if (!known.contains(key_of(file, status))) unknown.emplace_back(name, file);
          return Result<void>();
        });
        if (!done) return done;
      }
    }
    for (const auto& [name, file] : unknown) {
      const auto folder =
          open_folder(maildir.fd(), name, maildir.path + '/' + name, maildir.name + '/' + name);
      if (!folder) return pass_on(folder.error());
      if (!*folder) continue;
      if (auto copied = message(**folder, file, false, known); !copied) return copied;
    }
    return {};
  }

  // Empty: a reader has it, or there was never one.
  static Fd lock_of(const Folder& maildir) noexcept {
    Fd fd(::openat(maildir.fd(), maildir::kLockName, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    return fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 ? std::move(fd) : Fd();
  }

  // Calls `act` with the folder and each name in it.
  template <typename Act>
  Result<void> messages_in(const Folder& maildir, const char* name, Act act) {
    auto folder =
        open_folder(maildir.fd(), name, maildir.path + '/' + name, maildir.name + '/' + name);
    if (!folder) return pass_on(std::move(folder.error()));
    if (!*folder) return {};
    struct stat status {};  // a trash may be made by now that was not there at the first look
    if (::lstat(draft_.at((*folder)->path).c_str(), &status) != 0)
      if (auto added = add(**folder); !added) return added;
    while (const dirent* const entry = ::readdir((*folder)->directory.get()))
      if (auto done = act(**folder, std::string(entry->d_name)); !done) return done;
    return {};
  }

  Result<void> message(const Folder& folder, const std::string& name, bool is_first, Keys& known) {
    if (name == "." || name == "..") return {};
    struct stat status {};
    if (::fstatat(folder.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return gone(folder.name, errno);
    if (!S_ISREG(status.st_mode)) {
      if (is_first) leave_out(folder, name, "no message");
      return {};
    }
    if (known.contains(key_of(name, status))) return {};
    return file(folder, name, [&](const struct stat& opened) {
      return known.insert(key_of(name, opened)).second;
    });
  }

  // `is_wanted` is asked about what was opened.
  template <typename IsWanted>
  Result<void> file(const Folder& folder, const std::string& name, IsWanted is_wanted) {
    const std::string full = folder.name + '/' + name;
    const Fd fd(
        ::openat(folder.fd(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return gone(full, errno);
    if (!is_wanted(status)) return {};
    const std::string path = folder.path + '/' + name;
    // A delivery that is repeated writes the same message anew, under the same name.
    if (::lstat(draft_.at(path).c_str(), &status) == 0) return {};
    const auto octets = draft_.add_file(path, {fd.get(), full});
    if (!octets) return pass_on(octets.error());
    return {};
  }

  // All that is no message: files last, the journal of deletions among them.
  Result<void> others(Folder& folder, int depth, bool maildir) {
    std::vector<std::string> files;
    ::rewinddir(folder.directory.get());
    while (const dirent* const entry = ::readdir(folder.directory.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == ".." || (maildir && is_known(name))) continue;
      struct stat status {};
      if (::fstatat(folder.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (S_ISREG(status.st_mode)) {
        files.push_back(name);
      } else if (!S_ISDIR(status.st_mode)) {
        leave_out(folder, name, "neither a file nor a folder");
      } else if (auto done = below(folder, name, depth, maildir); !done) {
        return done;
      }
    }
    for (const std::string& name : files)
      if (auto copied = file(folder, name, [](const struct stat&) { return true; }); !copied)
        return copied;
    return {};
  }

  // Moved, or deleted; or why not.
  Result<void> gone(const std::string& name, int error) {
    if (error != ENOENT) return fail_errno(name, error);
    ++vanished_;
    return {};
  }

  void leave_out(const Folder& folder, const std::string& name, std::string_view why) {
    draft_.left_out().add(fmt::format("{}/{}: {}", folder.name, name, why));
  }

  static bool is_known(std::string_view name) noexcept {
    return name == kKnownSizes || name == maildir::kLockName ||
           std::find(kMessageFolders.begin(), kMessageFolders.end(), name) != kMessageFolders.end();
  }

  Result<void> below(const Folder& above, const std::string& name, int depth, bool maildir) {
    auto opened =
        open_folder(above.fd(), name.c_str(), above.path + '/' + name, above.name + '/' + name);
    if (!opened) return pass_on(std::move(opened.error()));
    if (!*opened) return {};
    // What is under delivery there is in the spool.
    if (maildir && name == kTmp) return add(**opened);
    return folder(**opened, depth + 1);
  }

  Draft& draft_;
  MailCounts counts_;
  std::uint64_t vanished_ = 0;  // in this look
};

}  // namespace

Result<MailCounts> copy_mail(const std::string& mail_directory, Draft& draft) {
  draft.progress().begin("the mailboxes");
  Directory directory(::opendir(mail_directory.c_str()));
  if (!directory) return fail_errno(mail_directory, errno);
  Folder root{std::move(directory), "mail", mail_directory};
  MailCopy copy(draft);
  if (auto copied = copy.folder(root, 0); !copied) return pass_on(std::move(copied.error()));
  return copy.counts();
}

}  // namespace postrider::ctl::backup

#include "common/maildir/inspection.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/maildir/deletion_journal.h"
#include "common/maildir/file_name.h"
#include "common/maildir/mailbox_lock.h"
#include "common/maildir/measure.h"
#include "common/maildir/open_flags.h"
#include "common/maildir/rename_new.h"
#include "common/maildir/scan.h"
#include "common/maildir/trash.h"

namespace postrider::maildir {

namespace {

constexpr std::size_t kCompared = 65536;

std::string text_of(int error) { return std::generic_category().message(error); }

Result<void> result_of(int error, std::string_view subject) {
  return error == 0 ? Result<void>() : fail_errno(subject, error);
}
std::string failure_of(int error) { return error == 0 ? std::string() : text_of(error); }
std::string failure_of(const Result<void>& done) { return done ? "" : done.error().text; }

// Octets read into `chunk`, 0 at the end, or nothing with errno.
std::optional<std::size_t> read_some(int fd, std::array<char, kCompared>& chunk) noexcept {
  ssize_t n = 0;
  while ((n = ::read(fd, chunk.data(), chunk.size())) < 0 && errno == EINTR) continue;
  if (n < 0) return std::nullopt;
  return static_cast<std::size_t>(n);
}

// The stem with W= as given, in the place of all that it has.
std::string with_wire_size(const FileName& name, std::uint64_t wire_size) {
  std::string stem(name.base);
  for (std::string_view rest = name.stem.substr(name.base.size()); !rest.empty();) {
    const std::string_view parameter = rest.substr(0, rest.find(',', 1));
    if (!parameter.starts_with(",W=")) stem += parameter;
    rest.remove_prefix(parameter.size());
  }
  return fmt::format("{},W={}", stem, wire_size);
}

class Inspector {
 public:
  Inspector(const HeldMailbox& mailbox, Inspecting what, WallTime now)
      : mailbox_(mailbox),
        at_(mailbox.directory.get()),
        repair_(what == Inspecting::repair),
        now_(now) {}

  Result<Inspected> run(const std::string& boot) {
    check_rights(".", S_IFDIR);
    for (const char* name : {"tmp", "new", "cur"}) check_folder(name);
    for (const char* name : {kLockName, kJournalName}) check_rights(name, S_IFREG);
    check_leftovers();
    auto journal = open_journal(boot);
    if (journal && journal->unfinished() && repair_)
      if (auto synced = journal->sync(); !synced) return pass_on(std::move(synced.error()));
    check_trash();
    for (const char* folder : {"new", "cur"})
      for (const std::string& name : names_in(folder))
        check_entry(journal ? &*journal : nullptr, folder, name);
    if (trash_)
      if (auto synced = trash_->sync(); !synced) return pass_on(std::move(synced.error()));
    if (inspected_.mended > 0)
      if (auto synced = sync_names(mailbox_); !synced) return pass_on(std::move(synced.error()));
    if (repair_ && journal && journal->unfinished() && !kept_deleted_) journal->note_removed();
    return std::move(inspected_);
  }

 private:
  // ---- Files, by their path below the Maildir; an errno, or 0, where nothing else is said. ----

  bool look(const std::string& path, struct stat& status) const {
    const auto [folder, name] = mailbox_.at(path);
    return ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
  }
  // Empty with errno.
  Fd open(const std::string& path, int flags = 0) const {
    const auto [folder, name] = mailbox_.at(path);
    return Fd(::openat(folder, name, kRead | flags));
  }
  int unlink(const std::string& path) const {
    const auto [folder, name] = mailbox_.at(path);
    return ::unlinkat(folder, name, 0) == 0 ? 0 : errno;
  }
  int rename(const std::string& from, const std::string& to) const {
    const auto old = mailbox_.at(from);
    const auto now = mailbox_.at(to);
    return rename_new(old.folder, old.name, now.folder, now.name);
  }

  void tell(Fault fault) {
    ++inspected_.faults;
    if (fault.mended) ++inspected_.mended;
    if (inspected_.told.size() < Inspected::kTold) inspected_.told.push_back(std::move(fault));
  }
  // What no repair mends.
  void found(std::string path, std::string what, std::string mending) {
    tell({std::move(path), std::move(what), std::move(mending)});
  }
  // `mend` is asked for in a repair alone; it returns an errno, or 0, or a Result. Whether it is
  // mended.
  template <typename Mend>
  bool mendable(std::string path, std::string what, std::string mending, Mend mend) {
    Fault fault{std::move(path), std::move(what), std::move(mending), true};
    if (repair_) {
      const std::string failure = failure_of(mend());
      fault.mended = failure.empty();
      if (!fault.mended) fault.mending += fmt::format(", which failed: {}", failure);
    }
    const bool mended = fault.mended;
    tell(std::move(fault));
    return mended;
  }

  std::vector<std::string> names_in(const char* folder) {
    std::vector<std::string> names;
    Fd fd(::openat(at_, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const Handle<DIR, &::closedir> directory(fd ? ::fdopendir(fd.get()) : nullptr);
    if (directory) static_cast<void>(fd.release());  // belongs to `directory` now
    const dirent* entry = nullptr;
    if (directory)
      for (errno = 0; (entry = ::readdir(directory.get())) != nullptr; errno = 0)
        if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
          names.emplace_back(entry->d_name);
    if (errno != 0 && errno != ENOENT) {
      kept_deleted_ = true;  // for what is known
      found(folder, fmt::format("cannot be read: {}", text_of(errno)),
            "see what its owner, mode and disk are");
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void check_folder(const char* name) {
    struct stat status {};
    const bool there = ::fstatat(at_, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && S_ISDIR(status.st_mode)) return check_rights(name, S_IFDIR);
    if (there || errno != ENOENT) {
      found(name, "is no folder", "move it away, and repair again");
      return;
    }
    mendable(name, "is missing", "makes it", [&] { return make_folder(mailbox_, name); });
  }

  // Where it is damaged, or cannot be read, deletions are not known that it remembered.
  Result<DeletionJournal> open_journal(const std::string& boot) {
    constexpr std::string_view kLost =
        "messages that its reader has deleted may show again, or be delivered again";
    auto journal = DeletionJournal::open(at_, boot);
    if (!journal && journal.error().kind == ErrorKind::corrupt) {
      if (mendable(kJournalName, fmt::format("cannot be read, and nobody can log in; {}", kLost),
                   fmt::format("keeps it as {}", kDamagedJournalName),
                   [&] { return DeletionJournal::put_aside(at_); }))
        return DeletionJournal::open(at_, boot);
    } else if (!journal) {
      found(kJournalName, journal.error().text, "see what its owner, mode and disk are");
    } else if (journal->damaged() > 0) {
      if (mendable(kJournalName,
                   fmt::format("is damaged: of {} octets it is not known what they say; {}",
                               journal->damaged(), kLost),
                   fmt::format("keeps it as {}, and goes on with the rest", kDamagedJournalName),
                   [&] {
                     auto done = journal->mend();
                     return done ? result_of(give_back(kJournalName), kJournalName) : done;
                   }))
        return DeletionJournal::open(at_, boot);
    }
    return journal;
  }

  // What was made just now, perhaps by root, is the owner's.
  int give_back(const char* name) const {
    const Fd file(::openat(at_, name, kRead));
    return file ? mailbox_.adopt(file.get(), mailbox_.file_mode() | 0600U) : errno;
  }

  // Owned as the Maildir is; usable for the owner; written by nobody who may not write the Maildir.
  void check_rights(const std::string& path, mode_t type) {
    struct stat status {};
    if (!look(path, status)) return;
    if ((status.st_mode & S_IFMT) != type) return;
    const bool is_folder = type == S_IFDIR;
    const mode_t needed = is_folder ? 0700 : 0600;
    const mode_t mode = status.st_mode & 0777U;
    if (status.st_uid == mailbox_.owner && status.st_gid == mailbox_.group &&
        (mode & needed) == needed && (mode & 0022U & ~mailbox_.mode) == 0)
      return;
    if (!is_folder && status.st_nlink > 1) {
      found(path,
            fmt::format("belongs to {}:{}, and has another name as well, perhaps elsewhere",
                        status.st_uid, status.st_gid),
            "make a copy, and move that in its place");
      return;
    }
    const mode_t right = is_folder ? mailbox_.mode | needed : mailbox_.file_mode() | needed;
    mendable(
        path,
        fmt::format("belongs to {}:{} with mode {:04o}, where the Maildir is {}:{}'s",
                    status.st_uid, status.st_gid, mode, mailbox_.owner, mailbox_.group),
        fmt::format("gives it to {}:{} with mode {:04o}", mailbox_.owner, mailbox_.group, right),
        [&] {
          const Fd fd = open(path, is_folder ? O_DIRECTORY : 0);
          return fd ? mailbox_.adopt(fd.get(), right) : errno;
        });
  }

  void check_leftovers() {
    const auto before = std::chrono::floor<std::chrono::seconds>(now_ - kTmpLife);
    for (const std::string& name : names_in("tmp")) {
      const std::string path = "tmp/" + name;
      struct stat status {};
      if (!look(path, status) || !S_ISREG(status.st_mode) ||
          status.st_mtim.tv_sec >= before.time_since_epoch().count())
        continue;
      mendable(path, "was left behind by a program that died while it wrote it", "removes it",
               [&] { return unlink(path); });
    }
  }

  void check_trash() {
    struct stat status {};
    if (::fstatat(at_, kTrashFolder, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISDIR(status.st_mode)) {
      found(kTrashFolder, "is no folder", "move it away");
      return;
    }
    check_rights(kTrashFolder, S_IFDIR);
    for (const std::string& name : names_in(kTrashFolder))
      check_rights(fmt::format("{}/{}", kTrashFolder, name), S_IFREG);
  }

  void check_entry(const DeletionJournal* journal, const char* folder, const std::string& name) {
    const std::string path = fmt::format("{}/{}", folder, name);
    struct stat status {};
    if (!look(path, status)) return;  // just gone
    if (!S_ISREG(status.st_mode)) {
      found(path, "is not a file, and not served", "move it away");
      return;
    }
    if (name[0] == '.') {
      found(path, "begins with a dot, and is not served", "give it a name that does not");
      return;
    }
    const FileName parsed = FileName::parse(name);
    if (journal != nullptr && journal->is_to_be_removed(parsed.base, status.st_ctim.tv_sec)) {
      // Whoever has deleted it is perhaps just removing it.
      if (!mailbox_.lock && is_in_use(at_)) return;
      if (!mendable(path, "was deleted by its reader, and kept by a crash",
                    fmt::format("moves it to {}/", kTrashFolder), [&] { return throw_away(path); }))
        kept_deleted_ = true;
      return;
    }
    check_message(folder, name, static_cast<std::uint64_t>(status.st_size));
  }

  void check_message(const char* folder, const std::string& name, std::uint64_t size) {
    std::string path = fmt::format("{}/{}", folder, name);
    const FileName parsed = FileName::parse(name);
    check_rights(path, S_IFREG);
    if (parsed.size && *parsed.size != size) {
      mendable(path,
               fmt::format("has {} octets where its name says {}: it is torn, and not served", size,
                           *parsed.size),
               fmt::format("moves it to {}/", kTornFolder), [&] { return put_aside(path, name); });
      return;
    }
    const Fd file = open(path);
    if (!file && errno == ENOENT) return;  // just gone
    const auto sizes = file ? measure(file.get()) : fail_errno(path, errno);
    if (!sizes) {
      found(path, fmt::format("cannot be read: {}", sizes.error().text),
            "see what its owner, mode and disk are");
      return;
    }
    ++inspected_.messages;
    if (!parsed.size || parsed.wire_size != sizes->wire ||
        (sizes->downgraded && !parsed.downgraded_size))
      check_sizes(folder, path, *sizes);
    check_double(path);
  }

  // Whether the mailbox has a trash is not known here; where it has none, the sweeper empties it.
  Result<void> throw_away(const std::string& path) {
    if (!trash_) {
      if (auto made = make_folder(mailbox_, kTrashFolder); !made) return made;
      auto trash = Trash::open(at_);
      if (!trash) return pass_on(std::move(trash.error()));
      trash_.emplace(std::move(*trash));
    }
    const auto [folder, name] = mailbox_.at(path);
    return result_of(trash_->take(folder, name, now_), path);
  }

  Result<void> put_aside(const std::string& path, const std::string& name) {
    if (auto made = make_folder(mailbox_, kTornFolder); !made) return made;
    return result_of(rename(path, fmt::format("{}/{}", kTornFolder, name)), path);
  }

  void check_sizes(const char* folder, std::string& path, const Sizes& sizes) {
    const std::string name = path.substr(path.find('/') + 1);
    const FileName parsed = FileName::parse(name);
    const std::string stem =
        parsed.wire_size ? with_wire_size(parsed, sizes.wire) : std::string(parsed.stem);
    const std::string right =
        fmt::format("{}/{}{}", folder, with_sizes(FileName::parse(stem), sizes), parsed.flags);
    const bool renamed = mendable(
        path,
        parsed.wire_size && parsed.wire_size != sizes.wire
            ? fmt::format("its name says W={} where it has {}", *parsed.wire_size, sizes.wire)
            : std::string("its name does not say its sizes (S=, W=, and D= for UTF-8)"),
        fmt::format("renames it to {}", right), [&] { return rename(path, right); });
    if (renamed) path = right;
  }

  void check_double(const std::string& path) {
    const FileName parsed = FileName::parse(std::string_view(path).substr(path.find('/') + 1));
    const std::string id = unique_id(parsed);
    const auto [other, is_new] = messages_.try_emplace(std::string(message_key(parsed.base)), path);
    if (!is_new) return check_twin(other->second, path, id);
    const auto [owner, is_free] = ids_.try_emplace(id, path);
    if (!is_free)
      found(path, fmt::format("has the unique-id of {}", owner->second),
            "no need: the next POP3 session gives the later of the two one of its own");
  }

  // `first` and `path` are one message, as their names say; of the two pop3d serves that in cur/.
  void check_twin(std::string& first, const std::string& path, const std::string& id) {
    const std::string gone = first.starts_with("new/") ? first : path;
    const std::string kept = gone == first ? path : first;
    const bool same_id =
        unique_id(FileName::parse(std::string_view(first).substr(first.find('/') + 1))) == id;
    if (!same_id || !same_octets(first, path)) {
      found(path, fmt::format("is the same message as {} by its name, but differs", first),
            "read both, and move one of them away");
      return;
    }
    --inspected_.messages;
    if (mendable(gone, fmt::format("is the same message as {}, which is served", kept),
                 "removes it", [&] { return unlink(gone); }))
      first = kept;
  }

  bool same_octets(const std::string& a, const std::string& b) const {
    const Fd one = open(a);
    const Fd other = open(b);
    if (!one || !other) return false;
    std::array<char, kCompared> left;   // NOLINT: filled before it is read
    std::array<char, kCompared> right;  // NOLINT: filled before it is read
    while (true) {
      const auto n = read_some(one.get(), left);
      const auto m = read_some(other.get(), right);
      if (!n || n != m || std::memcmp(left.data(), right.data(), *n) != 0) return false;
      if (*n == 0) return true;
    }
  }

  const HeldMailbox& mailbox_;
  const int at_;
  const bool repair_;
  const WallTime now_;
  bool kept_deleted_ = false;
  std::optional<Trash> trash_;                             // once it is needed
  std::unordered_map<std::string, std::string> messages_;  // paths, by message_key()
  std::unordered_map<std::string, std::string> ids_;       // paths, by unique-id
  Inspected inspected_;
};

}  // namespace

Result<Inspected> inspect(const HeldMailbox& mailbox, Inspecting what, WallTime now,
                          const std::string& boot) {
  return Inspector(mailbox, what, now).run(boot);
}

}  // namespace postrider::maildir

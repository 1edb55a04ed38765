#include "common/maildir/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/maildir/clashes.h"
#include "common/maildir/file_name.h"
#include "common/maildir/measure.h"
#include "common/maildir/rename_new.h"

namespace postrider::maildir {

namespace {

using Directory = Handle<DIR, &::closedir>;

// Null with errno when it cannot be read.
Directory open_directory(int at, std::string_view name) {
  Fd fd(::openat(at, std::string(name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Directory directory(fd ? ::fdopendir(fd.get()) : nullptr);
  if (directory) static_cast<void>(fd.release());  // belongs to `directory` now
  return directory;
}

// What a file is, by reading it; nothing where that cannot be.
std::optional<Sizes> measure(int folder, const std::string& name) {
  const Fd file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return std::nullopt;
  const auto sizes = maildir::measure(file.get());
  if (!sizes) return std::nullopt;
  return *sizes;
}

class Scanner {
 public:
  Scanner(const DeletionJournal& journal, Looked looked, Removal removal, WallTime now)
      : journal_(journal), looked_(looked), removal_(removal), now_(now) {}

  Result<void> read_folder(int maildir, Folder folder) {
    const Directory directory = open_directory(maildir, name_of(folder));
    if (!directory && errno == ENOENT) return {};
    if (!directory) return fail_errno(name_of(folder), errno);
    for (errno = 0; const dirent* entry = ::readdir(directory.get()); errno = 0)
      take(maildir, ::dirfd(directory.get()), folder, *entry);
    if (errno != 0) return fail_errno(name_of(folder), errno);
    return {};
  }

  Scan finish(int maildir) {
    Listing& listing = scan_.listing;
    std::vector<std::size_t> left_out;
    const auto clashes = younger_of(maildir, listing, listing.finish());
    for (const std::size_t i : clashes)
      if (!give_other_id(maildir, i)) left_out.push_back(i);
    if (!clashes.empty()) listing.leave_out(left_out);
    return std::move(scan_);
  }

 private:
  void take(int maildir, int directory, Folder folder, const dirent& entry) {
    const char* const name = entry.d_name;
    if (name[0] == '.') {
      const std::string_view dots(name);
      if (dots != "." && dots != "..") skip(folder, name, "begins with a dot");
      return;
    }
    const FileName parsed = FileName::parse(name);
    if (journal_.is_to_be_removed(parsed.base)) {
      finish_promised(maildir, directory, folder, parsed, entry);
    } else {
      serve(directory, folder, parsed, entry);
    }
  }

  // Whether it is listed now.
  bool serve(int directory, Folder folder, const FileName& parsed, const dirent& entry) {
    const char* const name = entry.d_name;
    if (looked_ == Looked::before && entry.d_type == DT_REG && parsed.seconds && parsed.size &&
        parsed.wire_size)
      return list(folder, parsed, *parsed.seconds, *parsed.wire_size);
    struct stat status {};
    if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;  // just gone
    if (!S_ISREG(status.st_mode)) return skip(folder, name, "is not a file");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (parsed.size && *parsed.size != size)
      return skip(folder, name, "has not the size that S= says");
    const std::int64_t seconds = seconds_of(parsed, status.st_mtim.tv_sec);
    if (parsed.size && parsed.wire_size) return list(folder, parsed, seconds, *parsed.wire_size);
    return serve_unmeasured(directory, folder, parsed, seconds, size);
  }

  bool list(Folder folder, const FileName& name, std::int64_t seconds, std::uint64_t octets) {
    scan_.listing.add(folder, name, seconds, octets);
    return true;
  }

  void finish_promised(int maildir, int directory, Folder folder, const FileName& parsed,
                       const dirent& entry) {
    struct stat status {};
    const std::string path = fmt::format("{}/{}", name_of(folder), entry.d_name);
    if (::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      keep_promised(path, errno);  // perhaps it was brought back
    } else if (journal_.is_to_be_removed(parsed.base, status.st_ctim.tv_sec)) {
      remove(maildir, path);
    } else if (serve(directory, folder, parsed, entry)) {
      ++scan_.finished.restored;
    }
  }

  void remove(int maildir, const std::string& path) {
    if (removal_ == Removal::to_trash && !open_trash(maildir)) {
      ++scan_.finished.not_removed;
      return;
    }
    const int error = scan_.trash ? scan_.trash->take(maildir, path, now_)
                      : ::unlinkat(maildir, path.c_str(), 0) != 0 ? errno
                                                                  : 0;
    if (error == 0) {
      ++scan_.finished.removed;
    } else {
      keep_promised(path, error);
    }
  }

  void keep_promised(const std::string& path, int error) {
    if (error == ENOENT) return;  // just gone
    ++scan_.finished.not_removed;
    if (scan_.finished.fault.empty()) scan_.finished.fault = fail_errno(path, error).value().text;
  }

  // Tried once: what is in the way of it is in the way of all.
  bool open_trash(int maildir) {
    if (scan_.trash || no_trash_) return !no_trash_;
    auto opened = Trash::open(maildir);
    no_trash_ = !opened;
    if (opened) {
      scan_.trash.emplace(std::move(*opened));
    } else if (scan_.finished.fault.empty()) {
      scan_.finished.fault = opened.error().text;
    }
    return !no_trash_;
  }

  bool serve_unmeasured(int directory, Folder folder, const FileName& parsed, std::int64_t seconds,
                        std::uint64_t size) {
    const std::string name = fmt::format("{}{}", parsed.stem, parsed.flags);
    const auto sizes =
        parsed.wire_size ? Sizes{size, *parsed.wire_size, std::nullopt} : measure(directory, name);
    if (!sizes) return skip(folder, name, "cannot be read");
    const std::string sized = fmt::format("{}{}", with_sizes(parsed, *sizes), parsed.flags);
    const bool renamed = rename_new(directory, name, directory, sized) == 0;
    return list(folder, FileName::parse(renamed ? sized : name), seconds, sizes->wire);
  }

  bool give_other_id(int maildir, std::size_t i) {
    Listing& listing = scan_.listing;
    const Folder folder = listing.folder(i);
    const FileName parsed = FileName::parse(listing.file_name(i));
    const std::string name =
        fmt::format("{}{}", with_unique_id(parsed, other_unique_id(parsed.base)), parsed.flags);
    const auto path = [folder](std::string_view file) {
      return fmt::format("{}/{}", name_of(folder), file);
    };
    if (rename_new(maildir, path(listing.file_name(i)), maildir, path(name)) != 0) {
      skip(folder, listing.file_name(i), "has the unique-id of another, and cannot be renamed");
      return false;
    }
    listing.rename(i, name);
    return true;
  }

  // It is not listed.
  bool skip(Folder folder, std::string_view name, std::string_view why) {
    if (scan_.skipped++ == 0) scan_.example = fmt::format("{}/{} {}", name_of(folder), name, why);
    return false;
  }

  const DeletionJournal& journal_;
  const Looked looked_;
  const Removal removal_;
  const WallTime now_;
  bool no_trash_ = false;  // as it cannot be opened
  Scan scan_;
};

}  // namespace

std::uint64_t remove_leftovers(int maildir, WallTime now) {
  const Directory tmp = open_directory(maildir, "tmp");
  if (!tmp) return 0;
  std::uint64_t removed = 0;
  const auto before = std::chrono::floor<std::chrono::seconds>(now - kTmpLife).time_since_epoch();
  while (const dirent* entry = ::readdir(tmp.get())) {
    struct stat status {};
    const int fd = ::dirfd(tmp.get());
    if (::fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && status.st_mtim.tv_sec < before.count() &&
        ::unlinkat(fd, entry->d_name, 0) == 0)
      ++removed;
  }
  return removed;
}

Result<Scan> scan(int maildir, WallTime now, const DeletionJournal& journal, Looked looked,
                  Removal removal) {
  remove_leftovers(maildir, now);
  Scanner scanner(journal, looked, removal, now);
  for (const Folder folder : {Folder::in_new, Folder::in_cur})
    if (auto read = scanner.read_folder(maildir, folder); !read)
      return pass_on(std::move(read.error()));
  return scanner.finish(maildir);
}

}  // namespace postrider::maildir

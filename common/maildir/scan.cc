#include "common/maildir/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/maildir/file_name.h"
#include "common/maildir/line_ends.h"

namespace postrider::maildir {

namespace {

constexpr std::size_t kMeasureChunk = 65536;

using Directory = Handle<DIR, &::closedir>;

// Null with errno when it cannot be read.
Directory open_directory(int at, std::string_view name) {
  Fd fd(::openat(at, std::string(name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Directory directory(fd ? ::fdopendir(fd.get()) : nullptr);
  if (directory) static_cast<void>(fd.release());  // belongs to `directory` now
  return directory;
}

// What POP3 will count for a file, by reading it.
std::optional<std::uint64_t> measure(int folder, const char* name) {
  const Fd file(::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::array<char, kMeasureChunk> chunk;  // NOLINT: filled before it is read
  WireSize wire_size;
  while (true) {
    const ssize_t n = ::read(file.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) return wire_size.octets();
    wire_size.append({chunk.data(), static_cast<std::size_t>(n)});
  }
}

class Scanner {
 public:
  Scanner(const DeletionJournal& journal, Sizes sizes) : journal_(journal), sizes_(sizes) {}

  Result<void> read_folder(int maildir, Folder folder) {
    const Directory directory = open_directory(maildir, name_of(folder));
    if (!directory && errno == ENOENT) return {};
    if (!directory) return fail_errno(name_of(folder), errno);
    for (errno = 0; const dirent* entry = ::readdir(directory.get()); errno = 0)
      take(::dirfd(directory.get()), folder, *entry);
    if (errno != 0) return fail_errno(name_of(folder), errno);
    return {};
  }

  Scan finish(int maildir) {
    Listing& listing = scan_.listing;
    std::vector<std::size_t> left_out;
    const auto clashes = listing.finish();
    for (const std::size_t i : clashes)
      if (!give_other_id(maildir, i)) left_out.push_back(i);
    if (!clashes.empty()) listing.leave_out(left_out);
    return std::move(scan_);
  }

 private:
  void take(int directory, Folder folder, const dirent& entry) {
    const char* const name = entry.d_name;
    if (name[0] == '.') {
      const std::string_view dots(name);
      if (dots != "." && dots != "..") skip(folder, name, "begins with a dot");
      return;
    }
    const FileName parsed = FileName::parse(name);
    if (journal_.is_to_be_removed(parsed.base)) {
      if (::unlinkat(directory, name, 0) != 0 && errno != ENOENT) ++scan_.not_removed;
      return;
    }
    if (sizes_ == Sizes::known && entry.d_type == DT_REG && parsed.seconds && parsed.size &&
        parsed.wire_size)
      return scan_.listing.add(folder, parsed, *parsed.seconds, *parsed.wire_size);
    struct stat status {};
    if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;  // just gone
    if (!S_ISREG(status.st_mode)) return skip(folder, name, "is not a file");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (parsed.size && *parsed.size != size)
      return skip(folder, name, "has not the size that S= says");
    const std::int64_t seconds = parsed.seconds.value_or(status.st_mtim.tv_sec);
    if (parsed.size && parsed.wire_size)
      return scan_.listing.add(folder, parsed, seconds, *parsed.wire_size);
    take_unmeasured(directory, folder, parsed, seconds, size);
  }

  void take_unmeasured(int directory, Folder folder, const FileName& parsed, std::int64_t seconds,
                       std::uint64_t size) {
    const std::string name = fmt::format("{}{}", parsed.stem, parsed.flags);
    const auto octets = parsed.wire_size ? parsed.wire_size : measure(directory, name.c_str());
    if (!octets) return skip(folder, name, "cannot be read");
    const std::string sized = fmt::format("{}{}", with_sizes(parsed, size, *octets), parsed.flags);
    const bool renamed =
        ::renameat2(directory, name.c_str(), directory, sized.c_str(), RENAME_NOREPLACE) == 0;
    scan_.listing.add(folder, renamed ? sized : name, seconds, *octets);
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
    if (::renameat2(maildir, path(listing.file_name(i)).c_str(), maildir, path(name).c_str(),
                    RENAME_NOREPLACE) != 0) {
      skip(folder, listing.file_name(i), "has the unique-id of another, and cannot be renamed");
      return false;
    }
    listing.rename(i, name);
    return true;
  }

  void skip(Folder folder, std::string_view name, std::string_view why) {
    if (scan_.skipped++ == 0) scan_.example = fmt::format("{}/{} {}", name_of(folder), name, why);
  }

  const DeletionJournal& journal_;
  const Sizes sizes_;
  Scan scan_;
};

void remove_leftovers(int maildir, WallTime now) {
  const Directory tmp = open_directory(maildir, "tmp");
  if (!tmp) return;
  const auto before = std::chrono::floor<std::chrono::seconds>(now - kTmpLife).time_since_epoch();
  while (const dirent* entry = ::readdir(tmp.get())) {
    struct stat status {};
    const int fd = ::dirfd(tmp.get());
    if (::fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && status.st_mtim.tv_sec < before.count())
      ::unlinkat(fd, entry->d_name, 0);
  }
}

}  // namespace

Result<Scan> scan(int maildir, WallTime now, const DeletionJournal& journal, Sizes sizes) {
  remove_leftovers(maildir, now);
  Scanner scanner(journal, sizes);
  for (const Folder folder : {Folder::in_new, Folder::in_cur})
    if (auto read = scanner.read_folder(maildir, folder); !read)
      return tl::unexpected<Error>(std::move(read.error()));
  return scanner.finish(maildir);
}

}  // namespace postrider::maildir

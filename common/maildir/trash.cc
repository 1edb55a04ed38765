#include "common/maildir/trash.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "common/base/handle.h"
#include "common/maildir/file_name.h"
#include "common/maildir/listing.h"
#include "common/maildir/rename_new.h"

namespace postrider::maildir {

namespace {

using Directory = Handle<DIR, &::closedir>;

constexpr char kPrefix = 'T';
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// How many files of one name may be deleted in one second; the next get the seconds after it.
constexpr int kOfOneName = 64;

tl::unexpected<Error> trash_failed(int error) {
  if (error == ENOTDIR || error == ELOOP)
    return fail(ErrorKind::temporary,
                fmt::format("{}: is no directory; to mend it, move it away", kTrashFolder));
  return fail_errno(kTrashFolder, error);
}

// Null without an error: there is none.
Result<Directory> open_folder(int maildir) {
  Fd fd(::openat(maildir, kTrashFolder, kFolder));
  if (!fd && errno == ENOENT) return Directory();
  Directory directory(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!directory) return trash_failed(errno);
  static_cast<void>(fd.release());  // belongs to `directory` now
  return directory;
}

// Calls `take` with each file in the trash, its name and its status, until it returns false.
template <typename Take>
Result<void> for_each(int maildir, Take take) {
  const auto folder = open_folder(maildir);
  if (!folder) return pass_on(folder.error());
  if (!*folder) return {};
  const int at = ::dirfd(folder->get());
  for (errno = 0; const dirent* entry = ::readdir(folder->get()); errno = 0) {
    const auto name = TrashName::parse(entry->d_name);
    struct stat status {};
    if (!name || ::fstatat(at, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode))
      continue;
    if (!take(at, entry->d_name, *name, static_cast<std::uint64_t>(status.st_size))) return {};
  }
  if (errno != 0) return trash_failed(errno);
  return {};
}

// Of a name that is too long with all that it says. What it leaves out pop3d finds out again.
std::string shortened(std::string_view file_name) {
  const FileName parsed = FileName::parse(file_name);
  const std::string seconds = parsed.seconds ? fmt::format("{}.", *parsed.seconds) : std::string();
  const std::string base =
      fmt::format("{}{:016x}", seconds, XXH3_64bits(file_name.data(), file_name.size()));
  return with_unique_id(FileName::parse(base), unique_id(parsed));
}

}  // namespace

std::optional<TrashName> TrashName::parse(std::string_view name) noexcept {
  const std::size_t comma = name.find(',');
  if (comma == std::string_view::npos || comma < 2 || name[0] != kPrefix) return std::nullopt;
  TrashName parsed;
  const char* const end = name.data() + comma;
  const auto [stopped, error] = std::from_chars(name.data() + 1, end, parsed.seconds);
  parsed.file_name = name.substr(comma + 1);
  const bool is_file = !parsed.file_name.empty() && parsed.file_name[0] != '.' &&
                       parsed.file_name.find('/') == std::string_view::npos;
  const bool is_time = error == std::errc() && stopped == end && parsed.seconds >= 0 &&
                       parsed.seconds <= kMaxSeconds;
  if (!is_time || !is_file) return std::nullopt;
  return parsed;
}

std::string trash_name(std::int64_t seconds, std::string_view file_name) {
  std::string name = fmt::format("{}{},{}", kPrefix, seconds, file_name);
  if (name.size() <= NAME_MAX) return name;
  return fmt::format("{}{},{}", kPrefix, seconds, shortened(file_name));
}

// Who made the folder may have died before its name was durable.
Result<Trash> Trash::open(int maildir) {
  if (::mkdirat(maildir, kTrashFolder, 0700) != 0 && errno != EEXIST) return trash_failed(errno);
  Fd folder(::openat(maildir, kTrashFolder, kFolder));
  if (!folder || ::fsync(maildir) != 0) return trash_failed(errno);
  return Trash(maildir, std::move(folder));
}

int Trash::take(int at, const std::string& path, WallTime now) {
  const auto since_1970 = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
  const std::string_view file_name = std::string_view(path).substr(path.rfind('/') + 1);
  for (int i = 0; i < kOfOneName; ++i) {
    const std::string name = trash_name(since_1970.count() + i, file_name);
    const int error = rename_new(at, path, folder_.get(), name);
    if (error == 0) moved_ = true;
    if (error != EEXIST) return error;
  }
  return EEXIST;
}

// The trash first: where a file system takes a rename apart, the message is rather in both.
Result<void> Trash::sync() const {
  if (!moved_) return {};
  if (::fsync(folder_.get()) != 0) return trash_failed(errno);
  return sync_folders(maildir_, std::array{"new", "cur"});
}

Result<void> sync_folders(int maildir, std::span<const char* const> names) {
  for (const char* name : names) {
    const Fd folder(::openat(maildir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder && errno == ENOENT) continue;
    if (!folder || ::fsync(folder.get()) != 0) return fail_errno(name, errno);
  }
  return {};
}

Result<std::vector<Trashed>> trashed(int maildir) {
  std::vector<Trashed> all;
  const auto read =
      for_each(maildir, [&](int, const char* file, const TrashName& name, std::uint64_t size) {
        const FileName parsed = FileName::parse(name.file_name);
        all.push_back({file, name.seconds, parsed.wire_size.value_or(size), unique_id(parsed)});
        return all.size() < Listing::kMaxMessages;
      });
  if (!read) return pass_on(read.error());
  std::sort(all.begin(), all.end(), [](const Trashed& a, const Trashed& b) {
    return std::tie(a.seconds, a.name) < std::tie(b.seconds, b.name);
  });
  return all;
}

Result<OutOfDate> find_out_of_date(int maildir, std::int64_t before) {
  OutOfDate found;
  const auto read =
      for_each(maildir, [&](int, const char*, const TrashName& name, std::uint64_t size) {
        if (name.seconds >= before) return true;
        ++found.messages;
        found.octets += size;
        return true;
      });
  if (!read) return pass_on(read.error());
  return found;
}

Result<OutOfDate> remove_out_of_date(int maildir, std::int64_t before, std::size_t at_most) {
  OutOfDate removed;
  const auto read =
      for_each(maildir, [&](int at, const char* file, const TrashName& name, std::uint64_t size) {
        if (name.seconds >= before) return true;
        if (removed.messages == at_most) {
          removed.more = true;
          return false;
        }
        if (::unlinkat(at, file, 0) == 0) {
          ++removed.messages;
          removed.octets += size;
        } else if (errno != ENOENT) {
          ++removed.failed;
        }
        return true;
      });
  if (!read) return pass_on(read.error());
  return removed;
}

}  // namespace postrider::maildir

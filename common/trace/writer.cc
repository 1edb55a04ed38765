#include "common/trace/writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "common/base/write_all.h"

namespace postrider::trace {

namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0640;

// Octets that its user may still write.
std::uint64_t free_space(const std::string& folder) noexcept {
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) != 0) return 0;
  return static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
}

std::uint64_t size_of(const std::string& path) noexcept {
  struct stat file {};
  return ::stat(path.c_str(), &file) == 0 ? static_cast<std::uint64_t>(file.st_size) : 0;
}

// Nobody writes or reads it now.
bool is_free(const std::string& path) noexcept {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

Writer::Writer(Options options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

void Writer::append(std::string_view lines) {
  const WallTime now = clock_.now();
  const bool full = size_ > 0 && size_ + lines.size() > options_.file_size;
  if (full || now < began_ || now - began_ >= kFileAge) file_.reset();
  if (!file_) {
    const bool too_early = failed_at_ && *failed_at_ <= now && now - *failed_at_ < kRetry;
    const auto opened =
        too_early ? Result<void>(fail(ErrorKind::temporary, loss_.reason)) : open(now);
    if (!opened) {
      if (!too_early) failed_at_ = now;
      return lose(lines.size(), now, opened.error().text);
    }
    failed_at_.reset();
  }
  if (const int error = write_all(file_.get(), lines); error != 0) {
    // A part of a line may be there: nothing follows it.
    static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(size_)) == 0);
    file_.reset();
    failed_at_ = now;
    return lose(lines.size(), now, fail_errno(options_.folder, error).value().text);
  }
  size_ += lines.size();
}

// Locked before it has a name that the collector knows.
Result<void> Writer::open(WallTime now) {
  if (::mkdir(options_.folder.c_str(), kFolderMode) != 0 && errno != EEXIST)
    return fail_errno(options_.folder, errno);
  if (auto room = make_room(); !room) return room;
  const std::string draft = path_of(fmt::format("new.{}.{}", options_.process, options_.worker));
  ::unlink(draft.c_str());
  Fd fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, kFileMode));
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return fail_errno(draft, errno);
  FileName name{options_.process, options_.worker, now.time_since_epoch().count()};
  // A clock that was set back may find its own names.
  while (::link(draft.c_str(), path_of(name.str()).c_str()) != 0) {
    if (errno != EEXIST) return fail_errno(path_of(name.str()), errno);
    ++name.began_us;
  }
  ::unlink(draft.c_str());
  file_ = std::move(fd);
  began_ = now;
  size_ = 0;
  return {};
}

Result<void> Writer::make_room() {
  if (free_space(options_.folder) < options_.min_free + options_.file_size)
    return fail(ErrorKind::temporary,
                fmt::format("{}: the file system is nearly full", options_.folder));
  const auto files = list_files(options_.folder);
  if (!files) return pass_on(files.error());
  std::uint64_t total = options_.file_size;
  for (const FileName& file : *files) total += size_of(path_of(file.str()));
  for (const FileName& file : *files) {
    if (total <= options_.buffer_size) return {};
    const std::string path = path_of(file.str());
    if (file.process != options_.process || !is_free(path)) continue;
    const std::uint64_t size = size_of(path);
    if (::unlink(path.c_str()) != 0) continue;
    total -= std::min(total, size);
    lose(size, file.began(), "nobody has collected them, and trace.buffer_size is reached");
  }
  return {};
}

void Writer::lose(std::uint64_t octets, WallTime since, std::string reason) {
  if (!has_loss() || since < loss_.since) loss_.since = since;
  loss_.octets += octets;
  loss_.reason = std::move(reason);
}

std::string Writer::path_of(std::string_view name) const {
  return fmt::format("{}/{}", options_.folder, name);
}

}  // namespace postrider::trace

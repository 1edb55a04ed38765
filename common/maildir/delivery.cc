#include "common/maildir/delivery.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "common/maildir/file_name.h"
#include "common/maildir/find.h"

namespace postrider::maildir {

namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
// Text is gathered until it is worth a system call.
constexpr std::size_t kGather = 16384;
constexpr std::size_t kCompareChunk = 65536;
// How often a torn file may be replaced under our hands before somebody must look.
constexpr int kPlacings = 4;

tl::unexpected<DeliveryError> failed(std::string_view what, int error) {
  const auto cause = error == ENOSPC   ? DeliveryError::Cause::disk_full
                     : error == EDQUOT ? DeliveryError::Cause::over_quota
                                       : DeliveryError::Cause::other;
  return tl::unexpected<DeliveryError>(
      DeliveryError{cause, fmt::format("{}: {}", what, std::generic_category().message(error))});
}

// Creates <domain>, <domain>/<user>, Maildir and its three directories, as far as they are missing.
DeliveryResult<void> create_mailbox(int mail_directory, const std::string& path) {
  const auto make = [&](const std::string& directory) -> DeliveryResult<void> {
    if (::mkdirat(mail_directory, directory.c_str(), kDirectoryMode) == 0 || errno == EEXIST)
      return {};
    return failed(directory, errno);
  };
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1))
    if (auto made = make(path.substr(0, slash)); !made) return made;
  for (const std::string_view folder : {"", "/tmp", "/new", "/cur"})
    if (auto made = make(fmt::format("{}{}", path, folder)); !made) return made;
  return {};
}

// Differs between all processes and threads that may deliver into one mailbox.
std::string tmp_name(const std::string& base) {
  static std::atomic<unsigned> counter{0};
  return fmt::format("{}.{}.{}", base, ::getpid(), counter.fetch_add(1));
}

// rename() that never replaces, also where the file system knows no RENAME_NOREPLACE (NFS).
int rename_to_free_name(int directory, const char* from, const char* to) noexcept {
  if (::renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::linkat(directory, from, directory, to, 0) != 0) return errno;
  ::unlinkat(directory, from, 0);
  return 0;
}

int sync_directory(int at, const std::string& path) noexcept {
  const Fd directory(::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && ::fsync(directory.get()) == 0 ? 0 : errno;
}

int sync_all(int fd) noexcept { return ::syncfs(fd) == 0 ? 0 : errno; }

// Fills `chunk` from `offset`, short only at the end of the file; nothing on an error.
std::string_view read_at(int fd, std::array<char, kCompareChunk>& chunk, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < chunk.size()) {
    const ssize_t n = ::pread(fd, chunk.data() + done, chunk.size() - done,
                              static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return {};
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return {chunk.data(), done};
}

}  // namespace

DeliveryResult<Delivery> Delivery::begin(Destination to) {
  std::string path = fmt::format("{}/tmp/{}", to.mailbox_path, tmp_name(to.base));
  const auto create = [&] {
    return Fd(::openat(to.mail_directory, path.c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  };
  bool created_mailbox = false;
  Fd file = create();
  if (!file && errno == ENOENT) {
    if (auto created = create_mailbox(to.mail_directory, to.mailbox_path); !created)
      return tl::unexpected<DeliveryError>(std::move(created.error()));
    file = create();
    created_mailbox = true;
  }
  if (!file) return failed(path, errno);
  Delivery delivery(std::move(to), std::move(file), std::move(path));
  delivery.created_mailbox_ = created_mailbox;
  return delivery;
}

Delivery::Delivery(Destination destination, Fd file, std::string tmp_path)
    : to_(std::move(destination)), file_(std::move(file)), tmp_path_(std::move(tmp_path)) {}

Delivery::~Delivery() { unlink_tmp(); }

void Delivery::unlink_tmp() noexcept {
  if (!tmp_path_.empty()) ::unlinkat(to_.mail_directory, tmp_path_.c_str(), 0);
  tmp_path_.clear();
}

DeliveryResult<void> Delivery::append(std::string_view text) {
  if (text.empty()) return {};
  wire_size_.append(text);
  size_ += text.size();
  last_ = text.back();
  if (unwritten_.size() + text.size() <= kGather) {
    unwritten_.append(text);
    return {};
  }
  auto written = write_all(unwritten_, text);
  unwritten_.clear();
  return written;
}

DeliveryResult<void> Delivery::write_all(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    std::array<iovec, 2> parts{{{const_cast<char*>(first.data()), first.size()},
                                {const_cast<char*>(second.data()), second.size()}}};
    const ssize_t n = ::writev(file_.get(), parts.data(), parts.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(tmp_path_, errno);
    const auto written = static_cast<std::size_t>(n);
    const std::size_t of_first = std::min(written, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(written - of_first);
  }
  return {};
}

DeliveryResult<Placed> Delivery::commit(Attempt attempt, Sync sync) {
  if (last_ != '\n')
    if (auto ended = append("\n"); !ended)
      return tl::unexpected<DeliveryError>(std::move(ended.error()));
  if (auto written = write_all(std::exchange(unwritten_, {}), {}); !written)
    return tl::unexpected<DeliveryError>(std::move(written.error()));
  if (sync == Sync::file && ::fsync(file_.get()) != 0) return failed(tmp_path_, errno);

  auto placed = find_or_rename(attempt);
  // One syncfs where directories are new, or where somebody else wrote the file.
  if (placed && sync == Sync::file) {
    const bool all = created_mailbox_ || *placed == Placed::earlier;
    const int error = all ? sync_all(to_.mail_directory)
                          : sync_directory(to_.mail_directory, to_.mailbox_path + "/new");
    if (error != 0) return failed(to_.mailbox_path, error);
  }
  return placed;
}

DeliveryResult<Placed> Delivery::find_or_rename(Attempt attempt) {
  if (attempt == Attempt::repeated) {
    if (const std::string earlier = find_earlier(); !earlier.empty()) {
      if (is_whole(earlier)) return Placed::earlier;
      ::unlinkat(to_.mail_directory, earlier.c_str(), 0);
    }
  }
  return rename_to_new(fmt::format("{},S={},W={}", to_.base, size_, wire_size_.octets()));
}

DeliveryResult<Placed> Delivery::rename_to_new(const std::string& name) {
  const std::string path = fmt::format("{}/new/{}", to_.mailbox_path, name);
  int error = 0;
  for (int i = 0; i < kPlacings; ++i) {
    error = rename_to_free_name(to_.mail_directory, tmp_path_.c_str(), path.c_str());
    if (error == 0) {
      tmp_path_.clear();
      return Placed::now;
    }
    if (error == ENOENT) {
      if (auto created = create_mailbox(to_.mail_directory, to_.mailbox_path); !created)
        return tl::unexpected<DeliveryError>(std::move(created.error()));
    } else if (error == EEXIST) {
      if (is_whole(path)) return Placed::earlier;
      ::unlinkat(to_.mail_directory, path.c_str(), 0);
    } else {
      break;
    }
  }
  return failed(path, error);
}

std::string Delivery::find_earlier() const {
  for (const std::string_view folder : {"new", "cur"}) {
    const std::string path = fmt::format("{}/{}", to_.mailbox_path, folder);
    const std::string name = find_by_base(to_.mail_directory, path, to_.base);
    if (!name.empty()) return fmt::format("{}/{}", path, name);
  }
  return {};
}

// A file of another size than ours is whole when its own S= says so: the trace fields of the
// attempts may differ.
bool Delivery::is_whole(const std::string& path) const {
  const Fd earlier(::openat(to_.mail_directory, path.c_str(),
                            O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!earlier || ::fstat(earlier.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  if (FileName::parse(name).size != size) return false;
  return size != size_ || same_octets(earlier.get());
}

bool Delivery::same_octets(int other) const {
  std::array<char, kCompareChunk> ours;    // NOLINT: filled before they are read
  std::array<char, kCompareChunk> theirs;  // NOLINT
  for (std::uint64_t offset = 0; offset < size_;) {
    const std::string_view a = read_at(file_.get(), ours, offset);
    if (a.empty() || a != read_at(other, theirs, offset)) return false;
    offset += a.size();
  }
  return true;
}

}  // namespace postrider::maildir

#include "common/maildir/delivery.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/maildir/deletion_journal.h"
#include "common/maildir/file_name.h"
#include "common/maildir/find.h"
#include "common/maildir/measure.h"
#include "common/maildir/open_flags.h"

namespace postrider::maildir {

namespace {

constexpr mode_t kFileMode = 0600;
// Text is gathered until it is worth a system call.
constexpr std::size_t kGather = 16384;

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

int sync_directory(int at, const std::string& path) noexcept {
  const Fd directory(::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && ::fsync(directory.get()) == 0 ? 0 : errno;
}

int sync_all(int fd) noexcept { return ::syncfs(fd) == 0 ? 0 : errno; }

}  // namespace

DeliveryResult<Delivery> Delivery::begin(Destination to) {
  std::string path = fmt::format("{}/tmp/{}", to.mailbox_path, tmp_name(to.base));
  const auto create = [&] {
    return Fd(::openat(to.mail_directory, path.c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  };
  Fd file = create();
  if (!file && errno == ENOENT) {
    if (auto created = create_mailbox(to.mail_directory, to.mailbox_path); !created)
      return tl::unexpected<DeliveryError>(std::move(created.error()));
    file = create();
  }
  if (!file) return failed(path, errno);
  return Delivery(std::move(to), std::move(file), std::move(path));
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
  if (ascii_) ascii_ = is_all_ascii(text);
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
  // One syncfs where an earlier attempt may have made the file, which would have to be opened.
  if (placed && sync == Sync::file) {
    const int error = attempt == Attempt::repeated ? sync_all(to_.mail_directory) : sync_names();
    if (error != 0) return failed(to_.mailbox_path, error);
  }
  return placed;
}

// From new/ up to the mail directory: another delivery may have made the mailbox just now, and not
// have synced it yet. Of what is durable already it costs next to nothing.
int Delivery::sync_names() const {
  int error = sync_directory(to_.mail_directory, to_.mailbox_path + "/new");
  std::string path = to_.mailbox_path;
  while (error == 0 && !path.empty()) {
    error = sync_directory(to_.mail_directory, path);
    const std::size_t slash = path.rfind('/');
    path.erase(slash == std::string::npos ? 0 : slash);
  }
  return error == 0 ? sync_directory(to_.mail_directory, ".") : error;
}

DeliveryResult<Placed> Delivery::find_or_rename(Attempt attempt) {
  return attempt == Attempt::repeated ? place_again() : place({});
}

// The reader's journal names a message before its file goes. So if it did not go before we have
// renamed ours over it, the reader removes ours; else the journal tells us to.
DeliveryResult<Placed> Delivery::place_again() {
  auto deleted = is_deleted();
  if (!deleted) return tl::unexpected<DeliveryError>(std::move(deleted.error()));
  if (*deleted) return Placed::earlier;
  auto path = find_earlier();
  if (!path) return tl::unexpected<DeliveryError>(std::move(path.error()));
  auto placed = place(std::move(*path));
  if (!placed || placed_.empty()) return placed;
  deleted = is_deleted();
  if (!deleted) return tl::unexpected<DeliveryError>(std::move(deleted.error()));
  if (!*deleted) return placed;
  ::unlinkat(to_.mail_directory, placed_.c_str(), 0);
  return Placed::earlier;
}

// Where it cannot be read whether the message was deleted, it is not delivered again.
DeliveryResult<bool> Delivery::is_deleted() const {
  const auto deleted = was_deleted(to_.mail_directory, to_.mailbox_path, to_.base);
  if (deleted) return *deleted;
  return tl::unexpected(DeliveryError{
      DeliveryError::Cause::other, fmt::format("{}/{}", to_.mailbox_path, deleted.error().text)});
}

// `path` is that of an earlier result, or empty.
DeliveryResult<Placed> Delivery::place(std::string path) {
  const auto looked = look_at(path);
  if (!looked) return tl::unexpected<DeliveryError>(looked.error());
  const Earlier earlier = *looked;
  if (earlier == Earlier::another) return Placed::earlier;
  if (earlier == Earlier::torn) ::unlinkat(to_.mail_directory, path.c_str(), 0);
  if (earlier != Earlier::ours)
    path =
        fmt::format("{}/new/{}", to_.mailbox_path, with_sizes(FileName::parse(to_.base), sizes()));
  if (auto renamed = rename_to(path); !renamed)
    return tl::unexpected<DeliveryError>(std::move(renamed.error()));
  placed_ = std::move(path);
  return earlier == Earlier::ours ? Placed::earlier : Placed::now;
}

// What is not in ASCII is read once more, as its header may not be: where that cannot be, readers
// that do not know UTF-8 get it as it is.
Sizes Delivery::sizes() const {
  const Sizes sizes{size_, wire_size_.octets(), std::nullopt};
  return ascii_ ? sizes : measure(file_.get()).value_or(sizes);
}

// Over a file of that name too: it is this message, or was to be.
DeliveryResult<void> Delivery::rename_to(const std::string& path) {
  const auto rename = [&] {
    renamed_.before = change_times(to_.mail_directory, to_.mailbox_path);
    return ::renameat(to_.mail_directory, tmp_path_.c_str(), to_.mail_directory, path.c_str());
  };
  int done = rename();
  if (done != 0 && errno == ENOENT) {
    if (auto created = create_mailbox(to_.mail_directory, to_.mailbox_path); !created)
      return created;
    done = rename();
  }
  if (done != 0) return failed(path, errno);
  renamed_.after = change_times(to_.mail_directory, to_.mailbox_path);
  tmp_path_.clear();
  return {};
}

// Not to see it is to deliver it twice: where it cannot be looked for, nothing is placed.
DeliveryResult<std::string> Delivery::find_earlier() const {
  for (const std::string_view folder : {"new", "cur"}) {
    const std::string path = fmt::format("{}/{}", to_.mailbox_path, folder);
    const auto name = find_by_base(to_.mail_directory, path, to_.base);
    if (!name) return tl::unexpected(DeliveryError{DeliveryError::Cause::other, name.error().text});
    if (!name->empty()) return fmt::format("{}/{}", path, *name);
  }
  return std::string();
}

DeliveryResult<Delivery::Earlier> Delivery::look_at(const std::string& path) const {
  if (path.empty()) return Earlier::none;
  struct stat status {};
  if (::fstatat(to_.mail_directory, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Earlier::none;
    return failed(path, errno);
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  if (!S_ISREG(status.st_mode) || FileName::parse(name).size != size) return Earlier::torn;
  return size == size_ ? Earlier::ours : Earlier::another;
}

}  // namespace postrider::maildir

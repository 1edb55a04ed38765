#include "common/maildir/mailbox.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "common/maildir/file_name.h"
#include "common/maildir/find.h"
#include "common/maildir/mailbox_path.h"

namespace postrider::maildir {

namespace {

constexpr const char* kLockName = "postrider.pop3.lock";

}  // namespace

Result<std::unique_ptr<Mailbox>> Mailbox::open(const std::string& mail_directory,
                                               const std::string& mailbox, WallTime now) {
  auto relative = mailbox_path(mailbox);
  if (!relative) return tl::unexpected<Error>(std::move(relative.error()));
  const std::string path = fmt::format("{}/{}", mail_directory, *relative);

  std::unique_ptr<Mailbox> opened(new Mailbox());
  opened->directory_ = Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened->directory_ && errno == ENOENT) return opened;
  if (!opened->directory_) return fail_errno(path, errno);

  const int directory = opened->directory_.get();
  opened->lock_ =
      Fd(::openat(directory, kLockName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!opened->lock_) return fail_errno(fmt::format("{}/{}", path, kLockName), errno);
  if (::flock(opened->lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::unique_ptr<Mailbox>();
    return fail_errno(fmt::format("{}/{}", path, kLockName), errno);
  }
  auto scanned = scan(directory, now);
  if (!scanned) return fail(scanned.error().kind, fmt::format("{}/{}", path, scanned.error().text));
  opened->scan_ = std::move(*scanned);
  return opened;
}

std::string Mailbox::path_of(std::size_t i) const {
  return fmt::format("{}/{}", name_of(listing().folder(i)), listing().file_name(i));
}

Result<std::string> Mailbox::find_renamed(std::size_t i) const {
  const std::string_view base = FileName::parse(listing().file_name(i)).base;
  for (const Folder folder : {Folder::in_cur, Folder::in_new}) {
    const auto name = find_by_base(directory_.get(), std::string(name_of(folder)), base);
    if (!name) return name;
    if (!name->empty()) return fmt::format("{}/{}", name_of(folder), *name);
  }
  return fail_errno(path_of(i), ENOENT);
}

Result<MessageReader> Mailbox::read(std::size_t i, std::optional<std::uint64_t> body_lines) const {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
  std::string path = path_of(i);
  Fd file(::openat(directory_.get(), path.c_str(), kFlags));
  if (!file && errno == ENOENT) {
    auto renamed = find_renamed(i);
    if (!renamed) return tl::unexpected<Error>(std::move(renamed.error()));
    path = std::move(*renamed);
    file = Fd(::openat(directory_.get(), path.c_str(), kFlags));
  }
  if (!file) return fail_errno(path, errno);
  return MessageReader(std::move(file), body_lines);
}

std::size_t Mailbox::remove(const std::vector<std::size_t>& messages) const {
  std::size_t left = 0;
  for (const std::size_t i : messages) {
    if (::unlinkat(directory_.get(), path_of(i).c_str(), 0) == 0) continue;
    if (errno == ENOENT) {
      const auto renamed = find_renamed(i);
      const bool gone = renamed ? ::unlinkat(directory_.get(), renamed->c_str(), 0) == 0
                                : renamed.error().kind == ErrorKind::not_found;
      if (gone) continue;
    }
    ++left;
  }
  return left;
}

}  // namespace postrider::maildir

#include "pop3d/opening.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/maildir/mailbox_lock.h"
#include "common/maildir/mailbox_path.h"

namespace postrider::pop3d {

namespace {

using std::chrono::microseconds;

std::optional<WallTime> last_login(const std::string& lock) {
  struct stat file {};
  if (::lstat(lock.c_str(), &file) != 0) return std::nullopt;
  return WallTime(std::chrono::seconds(file.st_mtim.tv_sec) +
                  microseconds(file.st_mtim.tv_nsec / 1000));
}

void keep_login(const std::string& lock, WallTime now) {
  const auto since = now.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const timespec time{.tv_sec = seconds.count(), .tv_nsec = (since - seconds).count() * 1000};
  const timespec times[2] = {time, time};
  // Where it cannot be kept, the next login may come sooner: nobody loses mail by that.
  static_cast<void>(::utimensat(AT_FDCWD, lock.c_str(), times, AT_SYMLINK_NOFOLLOW));
}

// Hosts' clocks differ a little; a time far ahead was set by a wrong one, and locks nobody out.
bool is_too_soon(const std::optional<WallTime>& last, std::chrono::seconds delay, WallTime now) {
  return last && now - *last < delay && *last - now < delay;
}

}  // namespace

Result<Opening> open_mailbox(const std::string& mail_directory, const std::string& mailbox,
                             std::chrono::seconds login_delay, WallTime now,
                             const maildir::Remembrance& remembrance) {
  std::string lock;
  std::optional<WallTime> before;
  if (login_delay.count() > 0) {
    const auto relative = maildir::mailbox_path(mailbox);
    if (!relative) return pass_on(relative.error());
    lock = fmt::format("{}/{}/{}", mail_directory, *relative, maildir::kLockName);
    before = last_login(lock);
    if (is_too_soon(before, login_delay, now)) return Opening{.too_soon = true};
  }
  auto opened = maildir::Mailbox::open(mail_directory, mailbox, now, remembrance);
  if (!opened) return pass_on(std::move(opened.error()));
  if (*opened == nullptr || lock.empty()) return Opening{std::move(*opened)};
  // Somebody may have come and gone since; without `before` the file is new, and of now.
  if (before && is_too_soon(last_login(lock), login_delay, now)) return Opening{.too_soon = true};
  keep_login(lock, now);
  return Opening{std::move(*opened)};
}

}  // namespace postrider::pop3d

#include "common/maildir/sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/handle.h"
#include "common/maildir/file_name.h"
#include "common/maildir/mailbox_lock.h"

namespace postrider::maildir {

namespace {

struct Expired {
  std::uint64_t count = 0;
  std::uint64_t octets = 0;
};

// Messages of before this second have come of age. Of a retention of 0 there are none.
std::int64_t limit_of(const SweepRules& rules, WallTime now) {
  return std::chrono::floor<std::chrono::seconds>(now - rules.retention).time_since_epoch().count();
}

Result<void> require_real_folders(int maildir) {
  for (const char* folder : {"tmp", "new", "cur"}) {
    struct stat status {};
    if (::fstatat(maildir, folder, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return fail_errno(folder, errno);
    }
    if (!S_ISDIR(status.st_mode))
      return fail(ErrorKind::corrupt,
                  fmt::format("{}: is no directory, and nothing is removed; to mend it, move the "
                              "directory itself there",
                              folder));
  }
  return {};
}

// A name that does not say its time and its size is looked at.
void count_if_expired(int folder, const char* name, std::int64_t before, Expired& expired) {
  const FileName parsed = FileName::parse(name);
  if (parsed.seconds && *parsed.seconds >= before) return;
  struct stat status {};
  if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
    return;
  if (parsed.seconds.value_or(status.st_mtim.tv_sec) >= before) return;
  ++expired.count;
  expired.octets += static_cast<std::uint64_t>(status.st_size);
}

Result<Expired> find_expired(int maildir, std::int64_t before) {
  Expired expired;
  for (const Folder folder : {Folder::in_new, Folder::in_cur}) {
    const std::string name(name_of(folder));
    Fd fd(::openat(maildir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno == ENOENT) continue;
    const Handle<DIR, &::closedir> entries(fd ? ::fdopendir(fd.get()) : nullptr);
    if (!entries) return fail_errno(name, errno);
    static_cast<void>(fd.release());  // belongs to `entries` now
    for (errno = 0; const dirent* entry = ::readdir(entries.get()); errno = 0)
      if (entry->d_name[0] != '.')
        count_if_expired(::dirfd(entries.get()), entry->d_name, before, expired);
    if (errno != 0) return fail_errno(name, errno);
  }
  return expired;
}

bool is_large_journal(int maildir) noexcept {
  struct stat status {};
  return ::fstatat(maildir, kJournalName, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         status.st_size >= static_cast<off_t>(DeletionJournal::kTidyAt);
}

// Opens a mailbox without a trace of a login: the time of the lock file is that of the last one.
Result<std::unique_ptr<Mailbox>> open_unseen(const Fd& maildir, WallTime now,
                                             const Remembrance& remembrance) {
  struct stat status {};
  const bool seen = ::fstatat(maildir.get(), kLockName, &status, AT_SYMLINK_NOFOLLOW) == 0;
  Fd own(::fcntl(maildir.get(), F_DUPFD_CLOEXEC, 0));
  if (!own) return fail_errno("Maildir", errno);
  auto opened = Mailbox::open(std::move(own), now, remembrance);
  constexpr std::array<timespec, 2> kNever{};
  if (!seen && opened && *opened)
    static_cast<void>(::utimensat(maildir.get(), kLockName, kNever.data(), AT_SYMLINK_NOFOLLOW) ==
                      0);
  return opened;
}

void remove_expired(Mailbox& mailbox, std::int64_t before, WallTime now, Swept& swept) {
  const Listing& listing = mailbox.listing();
  std::vector<std::size_t> messages;
  for (std::size_t i = 0; i < listing.size() && listing.seconds(i) < before; ++i) {
    if (messages.size() == Swept::kAtOnce) {
      swept.more = true;
      break;
    }
    messages.push_back(i);
    swept.octets += listing.octets(i);
  }
  if (messages.empty()) return;
  const std::size_t left = mailbox.remove(messages, now);
  swept.removed = messages.size() - left;
  swept.not_removed += left;
  if (left == 0) return;
  swept.more = false;  // it would find the same again
  if (swept.removed == 0) swept.octets = 0;
}

}  // namespace

Result<Swept> sweep(const Fd& maildir, const SweepRules& rules, WallTime now,
                    const Remembrance& remembrance) {
  if (auto real = require_real_folders(maildir.get()); !real)
    return tl::unexpected<Error>(std::move(real.error()));
  Swept swept{.leftovers = remove_leftovers(maildir.get(), now)};
  const std::int64_t before = limit_of(rules, now);
  Expired expired;
  if (rules.retention.count() > 0) {
    auto found = find_expired(maildir.get(), before);
    if (!found) return tl::unexpected<Error>(std::move(found.error()));
    expired = *found;
  }
  if (expired.count == 0 && !is_large_journal(maildir.get())) return swept;
  auto mailbox = open_unseen(maildir, now, remembrance);
  if (!mailbox) return tl::unexpected<Error>(std::move(mailbox.error()));
  swept.in_use = *mailbox == nullptr;
  if (*mailbox && expired.count > 0) remove_expired(**mailbox, before, now, swept);
  return swept;
}

Result<Swept> would_sweep(const Fd& maildir, const SweepRules& rules, WallTime now) {
  if (auto real = require_real_folders(maildir.get()); !real)
    return tl::unexpected<Error>(std::move(real.error()));
  if (rules.retention.count() == 0) return Swept{};
  const auto expired = find_expired(maildir.get(), limit_of(rules, now));
  if (!expired) return tl::unexpected<Error>(expired.error());
  return Swept{.removed = expired->count, .octets = expired->octets};
}

}  // namespace postrider::maildir

#include "common/maildir/sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/handle.h"
#include "common/maildir/file_name.h"
#include "common/maildir/trash.h"
#include "common/maildir/unseen.h"

namespace postrider::maildir {

namespace {

struct Expired {
  std::uint64_t count = 0;
  std::uint64_t octets = 0;
};

// Messages of before this second have come of age. Of a retention of 0 there are none.
std::int64_t limit_of(std::chrono::seconds kept, WallTime now) {
  return std::chrono::floor<std::chrono::seconds>(now - kept).time_since_epoch().count();
}
std::int64_t limit_of_trash(const SweepRules& rules, WallTime now) {
  return rules.trash.count() == 0 ? OutOfDate::kAll : limit_of(rules.trash, now);
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

// A torn file stays: the next delivery replaces it.
void count_if_expired(int folder, const char* name, std::int64_t before, Expired& expired) {
  const FileName parsed = FileName::parse(name);
  if (parsed.seconds && *parsed.seconds >= before) return;
  struct stat status {};
  if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
    return;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (seconds_of(parsed, status.st_mtim.tv_sec) >= before || parsed.size.value_or(size) != size)
    return;
  ++expired.count;
  expired.octets += size;
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
  if (swept.fault.empty()) swept.fault = mailbox.removal_fault();
  swept.more = false;  // it would find the same again
  if (swept.removed == 0) swept.octets = 0;
}

Result<void> empty_trash(int maildir, std::int64_t before, Swept& swept) {
  const auto removed = remove_out_of_date(maildir, before, Swept::kAtOnce);
  if (!removed) return pass_on(removed.error());
  swept.emptied = removed->messages;
  swept.not_removed += removed->failed;
  swept.more = swept.more || (removed->more && removed->failed == 0);
  return {};
}

struct Found {
  Expired expired;
  OutOfDate trash;
};

Result<Found> find(int maildir, const SweepRules& rules, WallTime now) {
  Found found;
  if (rules.retention.count() > 0) {
    const auto expired = find_expired(maildir, limit_of(rules.retention, now));
    if (!expired) return pass_on(expired.error());
    found.expired = *expired;
  }
  const auto trash = find_out_of_date(maildir, limit_of_trash(rules, now));
  if (!trash) return pass_on(trash.error());
  found.trash = *trash;
  return found;
}

}  // namespace

void Swept::add(const Swept& visit) {
  removed += visit.removed;
  octets += visit.octets;
  emptied += visit.emptied;
  leftovers += visit.leftovers;
  finished += visit.finished;
  restored = std::max(restored, visit.restored);
  not_removed = std::max(not_removed, visit.not_removed);
  if (fault.empty()) fault = visit.fault;
}

Result<Swept> sweep(const Fd& maildir, const SweepRules& rules, WallTime now,
                    const Remembrance& remembrance) {
  const int at = maildir.get();
  if (auto real = require_real_folders(at); !real) return pass_on(std::move(real.error()));
  Swept swept{.leftovers = remove_leftovers(at, now)};
  const auto found = find(at, rules, now);
  if (!found) return pass_on(found.error());
  const bool opens = found->expired.count > 0 || is_large_journal(at);
  if (!opens && found->trash.messages == 0) return swept;
  std::unique_ptr<Mailbox> mailbox;
  Fd lock;
  if (opens) {
    Remembrance with = remembrance;
    with.trash = rules.trash.count() > 0;
    auto opened = open_unseen(maildir, now, with);
    if (!opened) return pass_on(std::move(opened.error()));
    mailbox = std::move(*opened);
  } else {
    auto locked = lock_unseen(at);
    if (!locked) return pass_on(std::move(locked.error()));
    lock = std::move(*locked);
  }
  swept.in_use = !mailbox && !lock;
  if (swept.in_use) return swept;
  if (mailbox) {
    swept.finished = mailbox->finished().removed;
    swept.restored = mailbox->finished().restored;
    swept.not_removed = mailbox->finished().not_removed;
    swept.fault = mailbox->finished().fault;
  }
  if (found->expired.count > 0)
    remove_expired(*mailbox, limit_of(rules.retention, now), now, swept);
  if (found->trash.messages > 0)
    if (auto emptied = empty_trash(at, limit_of_trash(rules, now), swept); !emptied)
      return pass_on(std::move(emptied.error()));
  return swept;
}

Result<Swept> would_sweep(const Fd& maildir, const SweepRules& rules, WallTime now) {
  if (auto real = require_real_folders(maildir.get()); !real)
    return pass_on(std::move(real.error()));
  const auto found = find(maildir.get(), rules, now);
  if (!found) return pass_on(found.error());
  return Swept{.removed = found->expired.count,
               .octets = found->expired.octets,
               .emptied = found->trash.messages};
}

}  // namespace postrider::maildir

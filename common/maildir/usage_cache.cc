#include "common/maildir/usage_cache.h"

#include <sys/stat.h>

namespace postrider::maildir {

std::optional<UsageCache::Times> UsageCache::times_of(const std::string& mailbox_path) const {
  const auto changed = [&](const char* folder) -> std::optional<std::int64_t> {
    struct stat status {};
    if (::fstatat(mail_directory_, (mailbox_path + folder).c_str(), &status, 0) != 0)
      return std::nullopt;
    return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  };
  const auto in_new = changed("/new");
  const auto in_cur = changed("/cur");
  if (!in_new || !in_cur) return std::nullopt;
  return Times{*in_new, *in_cur};
}

std::optional<std::uint64_t> UsageCache::kept(const std::string& mailbox_path) {
  const auto times = times_of(mailbox_path);
  const WallTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto found = mailboxes_.find(mailbox_path);
  if (found == mailboxes_.end()) return std::nullopt;
  const Mailbox& mailbox = found->second;
  const bool believed = now >= mailbox.read && now - mailbox.read < kBelieved;
  if (!believed || mailbox.times != times) return std::nullopt;
  return mailbox.octets;
}

// What changes while it is read has another time afterwards.
Result<Usage> UsageCache::read(const std::string& mailbox_path, std::string_view base) {
  const auto times = times_of(mailbox_path);
  const WallTime now = clock_.now();
  auto found = usage(mail_directory_, mailbox_path, base);
  const std::lock_guard lock(mutex_);
  mailboxes_.erase(mailbox_path);
  if (!found || found->holds || !times) return found;
  if (mailboxes_.size() >= kMailboxes) mailboxes_.clear();
  mailboxes_.emplace(mailbox_path, Mailbox{*times, found->octets, now});
  return found;
}

// Where anything but this delivery has changed the mailbox, it is to be read anew.
void UsageCache::add(const std::string& mailbox_path, const std::optional<Times>& before,
                     std::uint64_t octets) {
  const auto after = times_of(mailbox_path);
  const std::lock_guard lock(mutex_);
  const auto found = mailboxes_.find(mailbox_path);
  if (found == mailboxes_.end()) return;
  if (!after || found->second.times != before) {
    mailboxes_.erase(found);
    return;
  }
  found->second.times = *after;
  found->second.octets += octets;
}

}  // namespace postrider::maildir

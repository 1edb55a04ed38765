#include "ctl/mailbox_rights.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/check.h"

namespace postrider::ctl {

namespace {

Result<std::vector<gid_t>> groups_of_ours() {
  const int count = ::getgroups(0, nullptr);
  if (count < 0) return fail_errno("getgroups", errno);
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgroups(count, groups.data()) != count) return fail_errno("getgroups", errno);
  return groups;
}

}  // namespace

Result<MailboxRights> MailboxRights::take(int directory, std::optional<gid_t> group) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return fail_errno("Maildir", errno);
  if (::geteuid() != 0 || status.st_uid == 0) return MailboxRights();
  auto groups = groups_of_ours();
  if (!groups) return pass_on(std::move(groups.error()));
  if (::setgroups(group ? 1 : 0, group ? &*group : nullptr) != 0)
    return fail_errno("setgroups", errno);
  MailboxRights rights(std::move(*groups));  // from here on there is something to give back
  if (::setegid(status.st_gid) != 0) return fail_errno("setegid", errno);
  if (::seteuid(status.st_uid) != 0) return fail_errno("seteuid", errno);
  return rights;
}

MailboxRights::~MailboxRights() {
  if (!taken_) return;
  POSTRIDER_CHECK(::seteuid(0) == 0);
  POSTRIDER_CHECK(::setegid(::getgid()) == 0);
  POSTRIDER_CHECK(::setgroups(groups_.size(), groups_.data()) == 0);
}

}  // namespace postrider::ctl

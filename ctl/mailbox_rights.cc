#include "ctl/mailbox_rights.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/check.h"

namespace postrider::ctl {

Result<MailboxRights> MailboxRights::take(int directory) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return fail_errno("Maildir", errno);
  if (::geteuid() != 0 || status.st_uid == 0) return MailboxRights(false);
  if (::setegid(status.st_gid) != 0) return fail_errno("setegid", errno);
  MailboxRights rights(true);
  if (::seteuid(status.st_uid) != 0) return fail_errno("seteuid", errno);
  return rights;
}

MailboxRights::~MailboxRights() {
  if (!taken_) return;
  POSTRIDER_CHECK(::seteuid(0) == 0);
  POSTRIDER_CHECK(::setegid(::getgid()) == 0);
}

}  // namespace postrider::ctl

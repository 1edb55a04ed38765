#include "common/maildir/mailboxes.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "common/maildir/mailbox_path.h"

namespace postrider::maildir {

namespace {

Fd open_below(int at, const std::string& name) noexcept {
  return Fd(::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Gone meanwhile, a file, or a symbolic link.
bool is_none(int error) noexcept { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

Result<Fd> open_maildir(int domain, const std::string& user, const std::string& mailbox) {
  const Fd home = open_below(domain, user);
  Fd maildir = home ? open_below(home.get(), "Maildir") : Fd();
  if (!maildir && !is_none(errno)) return fail_errno(mailbox, errno);
  return maildir;
}

}  // namespace

Result<Fd> open_maildir(const std::string& mail_directory, const std::string& mailbox) {
  if (const auto path = mailbox_path(mailbox); !path) return pass_on(path.error());
  const std::size_t at = mailbox.rfind('@');
  const Fd root(::open(mail_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return fail_errno(mail_directory, errno);
  const Fd domain = open_below(root.get(), mailbox.substr(at + 1));
  if (!domain && is_none(errno)) return Fd();
  if (!domain) return fail_errno(mailbox, errno);
  return open_maildir(domain.get(), mailbox.substr(0, at), mailbox);
}

Result<Mailboxes> Mailboxes::open(const std::string& mail_directory) {
  Directory root(::opendir(mail_directory.c_str()));
  if (!root) return fail_errno(mail_directory, errno);
  return Mailboxes(std::move(root));
}

std::optional<FoundMailbox> Mailboxes::next() {
  while (true) {
    if (domain_) {
      if (auto found = next_in_domain()) return found;
      domain_.reset();
    }
    const dirent* const entry = ::readdir(root_.get());
    if (entry == nullptr) return std::nullopt;
    domain_name_ = entry->d_name;
    if (!mailbox_path(fmt::format("any@{}", domain_name_))) continue;
    Fd fd = open_below(::dirfd(root_.get()), domain_name_);
    if (!fd && is_none(errno)) continue;
    domain_.reset(fd ? ::fdopendir(fd.get()) : nullptr);
    std::string all = fmt::format("@{}", domain_name_);
    if (!domain_) return FoundMailbox{all, fail_errno(all, errno)};
    static_cast<void>(fd.release());  // belongs to `domain_` now
  }
}

std::optional<FoundMailbox> Mailboxes::next_in_domain() {
  while (const dirent* const entry = ::readdir(domain_.get())) {
    const std::string user(entry->d_name);
    std::string mailbox = fmt::format("{}@{}", user, domain_name_);
    if (!mailbox_path(mailbox)) continue;
    auto maildir = open_maildir(::dirfd(domain_.get()), user, mailbox);
    if (!maildir || *maildir) return FoundMailbox{std::move(mailbox), std::move(maildir)};
  }
  return std::nullopt;
}

}  // namespace postrider::maildir

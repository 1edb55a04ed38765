#include "common/maildir/known_sizes.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "common/base/fd.h"

namespace postrider::maildir {

namespace {

constexpr const char* kName = "postrider.sizes";
constexpr std::size_t kMaxBoot = 64;  // octets; that of Linux has 36

}  // namespace

Looked known_sizes(int maildir, std::string_view boot) {
  if (boot.empty()) return Looked::never;
  const Fd file(::openat(maildir, kName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return Looked::never;
  std::array<char, kMaxBoot> kept;  // NOLINT: filled before it is read
  const ssize_t n = ::read(file.get(), kept.data(), kept.size());
  if (n < 0) return Looked::never;
  const std::string_view text(kept.data(), static_cast<std::size_t>(n));
  return text == boot ? Looked::before : Looked::never;
}

void keep_known_sizes(int maildir, std::string_view boot) {
  if (boot.empty() || boot.size() >= kMaxBoot) return;
  const Fd file(::openat(maildir, kName,
                         O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  if (file && ::write(file.get(), boot.data(), boot.size()) < 0) ::unlinkat(maildir, kName, 0);
}

}  // namespace postrider::maildir

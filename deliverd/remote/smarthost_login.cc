#include "deliverd/remote/smarthost_login.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/fd.h"

namespace postrider::deliverd {

namespace {

tl::unexpected<Error> wrong(const std::string& path, std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("{}: {}", path, what));
}

Result<Secret> read_password(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return fail_errno(path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail_errno(path, errno);
  if (!S_ISREG(status.st_mode)) return wrong(path, "is no file");
  if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
    return wrong(path, "holds a password, and every user may read or write it: chmod o-rw");
  // Of its full size from the start: no copy of it is left behind.
  std::string text(kMaxPassword + 3, '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return fail_errno(path, errno);
  text.resize(static_cast<std::size_t>(size));
  for (const char end : {'\n', '\r'})
    if (text.ends_with(end)) text.pop_back();
  Secret password(std::move(text));
  const std::string_view octets = password.reveal();
  if (octets.empty()) return wrong(path, "holds no password");
  if (octets.size() > kMaxPassword)
    return wrong(path, fmt::format("a password has at most {} octets", kMaxPassword));
  if (std::any_of(octets.begin(), octets.end(), &is_control))
    return wrong(path, "holds more than one line, or a control character");
  return password;
}

}  // namespace

Result<std::optional<sasl::Login>> load_smarthost_login(const config::Settings& settings) {
  const config::Settings::Relay& relay = settings.relay;
  if (relay.smarthost_user.empty()) return std::nullopt;
  auto password = read_password(relay.smarthost_password_file);
  if (!password) return pass_on(std::move(password.error()));
  return sasl::Login{relay.smarthost_user, std::move(*password)};
}

}  // namespace postrider::deliverd

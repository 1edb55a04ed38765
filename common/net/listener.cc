#include "common/net/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace postrider::net {

Result<Fd> open_listening_socket(const SocketAddress& address) {
  sockaddr_storage storage{};
  const socklen_t length = address.fill(storage);
  Fd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(address.str(), errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!address.ip.is_v4()) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 ||
      ::listen(fd.get(), Listener::kBacklog) != 0)
    return fail_errno(address.str(), errno);
  return fd;
}

namespace {

Result<void> clear_stale_socket(const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(address.sun_path, &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode))
    return fail(ErrorKind::invalid,
                fmt::format("{}: is not a socket; move it away", address.sun_path));
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM, 0));
  if (probe &&
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return fail(ErrorKind::invalid,
                fmt::format("{}: is in use: another instance runs there", address.sun_path));
  ::unlink(address.sun_path);
  return {};
}

}  // namespace

Result<Fd> open_listening_unix_socket(const std::string& path, unsigned mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::invalid,
                fmt::format("{}: a socket's path has at most {} octets; choose a shorter paths.run",
                            path, sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.data(), path.size());
  if (auto cleared = clear_stale_socket(address); !cleared)
    return pass_on(std::move(cleared.error()));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(path, errno);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), mode) != 0 || ::listen(fd.get(), Listener::kBacklog) != 0)
    return fail_errno(path, errno);
  return fd;
}

Listener::Listener(event::EventLoop& loop, int listening, OnAccept on_accept, OnTrouble on_trouble)
    : loop_(loop),
      listening_(listening),
      on_accept_(std::move(on_accept)),
      on_trouble_(std::move(on_trouble)),
      watch_(loop, listening, event::Watch::For::reading, [this] { ready(); }),
      pause_timer_(loop, [this] { watch_.enable(); }) {
  const int on =
      1;  // Inherited by each connection. Fails on a Unix socket, where it means nothing.
  static_cast<void>(::setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  watch_.enable();
}

void Listener::ready() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    Fd fd(::accept4(listening_, reinterpret_cast<sockaddr*>(&storage), &length,
                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        wait_for_better_times(errno);
      return;  // EAGAIN, or a connection that was gone before we looked
    }
    on_accept_(std::move(fd), SocketAddress::from(storage));
  }
}

void Listener::wait_for_better_times(int error) {
  watch_.disable();
  pause_timer_.arm(kPause);
  const auto now = loop_.now();
  if (told_at_ && now - *told_at_ < kQuiet) return;
  told_at_ = now;
  on_trouble_(error);
}

}  // namespace postrider::net

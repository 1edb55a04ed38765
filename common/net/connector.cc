#include "common/net/connector.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace postrider::net {

namespace {

class Connecting final : public Pending {
 public:
  Connecting(event::EventLoop& loop, const SocketAddress& address, std::chrono::seconds timeout,
             UniqueFunction<void(Result<Fd>)> done)
      : name_(address.str()), timeout_(timeout), done_(std::move(done)), timer_(loop, [this] {
          finish(fail(ErrorKind::temporary,
                      fmt::format("{}: connection timed out after {}s", name_, timeout_.count())));
        }) {
    loop_ = &loop;
  }
  ~Connecting() override { *alive_ = false; }

  void start(const SocketAddress& address, const std::optional<IpAddress>& source) {
    sockaddr_storage storage{};
    const socklen_t length = address.fill(storage);
    fd_ = Fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_) return fail_later(errno);
    const int on = 1;
    static_cast<void>(::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    if (source) {
      sockaddr_storage local{};
      const socklen_t local_length = SocketAddress{*source, 0}.fill(local);
      if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&local), local_length) != 0)
        return fail_later(errno);
    }
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 &&
        errno != EINPROGRESS)
      return fail_later(errno);
    watch_.emplace(*loop_, fd_.get(), event::Watch::For::writing, [this] { writable(); });
    watch_->enable();
    timer_.arm(timeout_);
  }

 private:
  void fail_later(int error) {
    loop_->defer([this, error, alive = alive_] {
      if (*alive) finish(fail_errno(name_, error));
    });
  }

  void writable() {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return finish(fail_errno(name_, error));
    finish(std::move(fd_));
  }

  // `done_` may destroy this object.
  void finish(Result<Fd> result) {
    timer_.disarm();
    if (watch_) watch_->disable();
    if (!result && result.error().kind == ErrorKind::not_found)
      result.error().kind = ErrorKind::temporary;
    auto done = std::move(done_);
    done(std::move(result));
  }

  event::EventLoop* loop_;
  std::string name_;
  std::chrono::seconds timeout_;
  UniqueFunction<void(Result<Fd>)> done_;
  event::Timer timer_;
  Fd fd_;
  std::optional<event::Watch> watch_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// A connected socket, or the error number.
tl::expected<Fd, int> try_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return tl::unexpected(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return tl::unexpected(errno);
  return fd;
}

// Where TCP would wait for its turn, a Unix socket has to be asked again.
class ConnectingUnix final : public Pending {
 public:
  ConnectingUnix(event::EventLoop& loop, std::string path, std::chrono::seconds timeout,
                 UniqueFunction<void(Result<Fd>)> done)
      : loop_(loop),
        path_(std::move(path)),
        timeout_(timeout),
        deadline_(loop.now() + timeout),
        done_(std::move(done)),
        timer_(loop, [this] { ask(); }) {
    timer_.arm({});
  }

 private:
  void ask() {
    auto fd = try_unix(path_);
    if (fd) return finish(std::move(*fd));
    if (fd.error() != EAGAIN)
      return finish(fail(ErrorKind::temporary, std::generic_category().message(fd.error())));
    if (loop_.now() >= deadline_)
      return finish(fail(ErrorKind::temporary,
                         fmt::format("busy: connection timed out after {}s", timeout_.count())));
    timer_.arm(std::min<std::chrono::microseconds>(kBusyWait, deadline_ - loop_.now()));
  }

  // `done_` may destroy this object.
  void finish(Result<Fd> result) {
    auto done = std::move(done_);
    done(std::move(result));
  }

  event::EventLoop& loop_;
  const std::string path_;
  const std::chrono::seconds timeout_;
  const std::chrono::microseconds deadline_;
  UniqueFunction<void(Result<Fd>)> done_;
  event::Timer timer_;
};

}  // namespace

PendingPtr connect_tcp(event::EventLoop& loop, const SocketAddress& address,
                       std::optional<IpAddress> source, std::chrono::seconds timeout,
                       UniqueFunction<void(Result<Fd>)> done) {
  auto connecting = std::make_unique<Connecting>(loop, address, timeout, std::move(done));
  connecting->start(address, source);
  return connecting;
}

Result<Fd> connect_unix(const std::string& path) {
  auto fd = try_unix(path);
  if (!fd) return fail_errno(path, fd.error());
  return std::move(*fd);
}

PendingPtr connect(event::EventLoop& loop, const Endpoint& endpoint, std::chrono::seconds timeout,
                   UniqueFunction<void(Result<Fd>)> done) {
  if (const auto* const address = std::get_if<SocketAddress>(&endpoint))
    return connect_tcp(loop, *address, std::nullopt, timeout, std::move(done));
  return std::make_unique<ConnectingUnix>(loop, std::get<UnixSocket>(endpoint).path, timeout,
                                          std::move(done));
}

}  // namespace postrider::net

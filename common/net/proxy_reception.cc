#include "common/net/proxy_reception.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace postrider::net {

ProxyReception::ProxyReception(event::EventLoop& loop, Fd connection, std::chrono::seconds limit,
                               Done done)
    : connection_(std::move(connection)),
      done_(std::move(done)),
      watch_(loop, connection_.get(), event::Watch::For::reading, [this] { ready(); }),
      timer_(loop,
             [this] { finish(fail(ErrorKind::invalid, "no whole PROXY header came in time")); }) {
  watch_.enable();
  timer_.arm(limit);
}

// What there is is looked at first, and then taken as far as it is of the header. As the header
// ends with an octet that is taken, and not before, the socket never tells of the same octets
// twice.
void ProxyReception::ready() {
  std::array<char, ProxyHeaderReader::kMaxHeader> octets;
  const ssize_t n = ::recv(connection_.get(), octets.data(), octets.size(), MSG_PEEK);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) return finish(fail(ErrorKind::invalid, "it was closed without a PROXY header"));
  std::string_view rest(octets.data(), static_cast<std::size_t>(n));
  const auto step = reader_.take(rest);
  const std::size_t taken = static_cast<std::size_t>(n) - rest.size();
  static_cast<void>(::recv(connection_.get(), octets.data(), taken, 0));
  if (step == ProxyHeaderReader::Step::bad)
    return finish(fail(ErrorKind::invalid, "bad PROXY header: " + std::string(reader_.defect())));
  if (step == ProxyHeaderReader::Step::done) finish(reader_.header());
}

void ProxyReception::finish(Result<ProxyHeader> result) {
  watch_.disable();
  timer_.disarm();
  done_(std::move(result));
}

}  // namespace postrider::net

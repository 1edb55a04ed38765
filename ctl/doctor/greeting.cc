#include "ctl/doctor/greeting.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/event/event_loop.h"
#include "common/net/racing_connector.h"

namespace postrider::ctl {

namespace {

// RFC 5321 section 4.5.3.1.5: a reply line.
constexpr std::size_t kMaxLine = 512;
constexpr std::string_view kQuit = "QUIT\r\n";

std::string read_line(int fd, std::chrono::seconds patience) {
  std::string line;
  std::array<char, kMaxLine> octets;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (line.find('\n') == std::string::npos && line.size() < kMaxLine) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd readable{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return {};
    const ssize_t n = ::recv(fd, octets.data(), octets.size(), 0);
    if (n <= 0) return {};
    line.append(octets.data(), static_cast<std::size_t>(n));
  }
  return std::string(trim(line.substr(0, line.find('\n'))));
}

}  // namespace

Result<Greeting> greeting_of(const std::vector<net::SocketAddress>& addresses,
                             std::chrono::seconds patience) {
  event::EventLoop loop;
  net::RaceResult result;
  const PendingPtr race =
      net::connect_racing(loop, addresses, patience, [&](net::RaceResult ended) {
        result = std::move(ended);
        loop.stop();
      });
  loop.run();
  if (!result.winner) {
    std::string why;
    for (const auto& failure : result.failures)
      why += fmt::format("{}{}", why.empty() ? "" : "; ", failure.why);
    return fail(ErrorKind::temporary, std::move(why));
  }
  const int fd = result.winner->socket.get();
  Greeting greeting{result.winner->address, read_line(fd, patience)};
  // Whoever is gone needs no farewell.
  static_cast<void>(::send(fd, kQuit.data(), kQuit.size(), MSG_NOSIGNAL));
  return greeting;
}

}  // namespace postrider::ctl

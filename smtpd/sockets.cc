#include "smtpd/sockets.h"

#include <utility>

#include "common/net/address.h"
#include "common/net/listener.h"

namespace postrider::smtpd {

namespace {

Result<Fd> open_one(const std::string& text) {
  auto address = net::SocketAddress::parse(text);
  if (!address) return tl::unexpected<Error>(std::move(address.error()));
  return net::open_listening_socket(*address);
}

}  // namespace

Result<void> Sockets::open(const config::Settings& settings, log::Logger& log) {
  std::map<std::string, Open> wanted;
  for (const config::SmtpListener& listener : settings.smtpd.listen) {
    if (listener.mode == config::SmtpMode::lmtp) {
      log.warning("listener_not_served")
          .with("address", listener.address)
          .with("reason", "the mode lmtp is not served");
      continue;
    }
    Open& socket = wanted[listener.address];
    socket.listener = listener;
    if (socket.fd || open_.count(listener.address) > 0) continue;
    auto fd = open_one(listener.address);
    if (!fd) return tl::unexpected<Error>(std::move(fd.error()));
    socket.fd = std::move(*fd);
  }
  for (auto& [address, socket] : wanted)
    if (!socket.fd) socket.fd = std::move(open_[address].fd);
  open_ = std::move(wanted);
  return {};
}

std::vector<ListeningSocket> Sockets::listening() const {
  std::vector<ListeningSocket> all;
  for (const auto& [address, socket] : open_) all.push_back({socket.fd.get(), socket.listener});
  return all;
}

}  // namespace postrider::smtpd

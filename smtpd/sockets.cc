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
  std::map<std::string, Fd> added;
  std::vector<std::string> kept;
  for (const auto& [address, mode] : settings.smtpd.listen) {
    if (mode != config::SmtpMode::mx) {
      log.warning("listener_not_served")
          .with("address", address)
          .with("reason", "the mode mx alone is served");
    } else if (open_.count(address) > 0) {
      kept.push_back(address);
    } else {
      auto fd = open_one(address);
      if (!fd) return tl::unexpected<Error>(std::move(fd.error()));
      added.emplace(address, std::move(*fd));
    }
  }
  for (const std::string& address : kept) added.emplace(address, std::move(open_[address]));
  open_ = std::move(added);
  return {};
}

std::vector<int> Sockets::descriptors() const {
  std::vector<int> all;
  for (const auto& [address, fd] : open_) all.push_back(fd.get());
  return all;
}

}  // namespace postrider::smtpd

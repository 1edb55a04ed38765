#include "ctl/doctor/held_sockets.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/net/address.h"

namespace postrider::ctl {

namespace {

constexpr std::string_view kSubmitSocket = "unix:/run/postrider/submit.sock";
constexpr std::string_view kSmtpListen = "smtpd.listen";
constexpr std::string_view kPop3Listen = "pop3d.listen";
constexpr std::array kHeldSockets{HeldSocket{"postrider-smtp.socket", kSmtpListen, 25},
                                  HeldSocket{"postrider-submission.socket", kSmtpListen, 587},
                                  HeldSocket{"postrider-submissions.socket", kSmtpListen, 465},
                                  HeldSocket{"postrider-local-submission.socket", kSmtpListen, 0},
                                  HeldSocket{"postrider-pop3.socket", kPop3Listen, 110},
                                  HeldSocket{"postrider-pop3s.socket", kPop3Listen, 995}};

template <typename Listeners>
bool is_served(const HeldSocket& socket, const Listeners& listeners) {
  return std::any_of(listeners.begin(), listeners.end(), [&](const auto& listener) {
    if (socket.port == 0) return listener.address == kSubmitSocket;
    const auto address = net::SocketAddress::parse(listener.address);
    return address && address->port == socket.port;
  });
}

}  // namespace

std::vector<HeldSocket> unserved_sockets(const config::Settings& settings) {
  std::vector<HeldSocket> unserved;
  for (const HeldSocket& socket : kHeldSockets)
    if (socket.parameter == kSmtpListen ? !is_served(socket, settings.smtpd.listen)
                                        : !is_served(socket, settings.pop3d.listen))
      unserved.push_back(socket);
  return unserved;
}

}  // namespace postrider::ctl

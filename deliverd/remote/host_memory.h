// host_memory.h - the servers that gave no session lately, and what was wrong with them.
//
// So that the next job, or another domain behind the same server, does not wait for the same
// time-out again. A short memory, lost with the process: when a destination is asked again is
// queued's to say, and its probes pass by what is remembered of sessions.
#pragma once

#include <chrono>
#include <string>
#include <variant>

#include "common/base/short_memory.h"
#include "common/smtp/client_session.h"
#include "deliverd/remote/server.h"

namespace postrider::deliverd {

class HostMemory {
 public:
  static constexpr std::chrono::seconds kBackoff{60};
  // How long a server whose TLS fails is met in the clear, where that may be.
  static constexpr std::chrono::minutes kClear{10};
  // How long one whose BDAT fails is met without: beyond the next attempt.
  static constexpr std::chrono::hours kWithoutChunking{24};
  // Then the one that failed longest ago is forgotten.
  static constexpr std::size_t kMaxHosts = 10'000;

  // `now` is EventLoop::now(). The server gave no session: to anyone, or not as it was asked for,
  // with that protection and that login. Where TLS only may be it will be met in the clear.
  void on_failed(const Server& server, const smtp::ClientSession::Unusable& why,
                 std::chrono::microseconds now) {
    using Fault = smtp::ClientSession::Fault;
    if (why.fault == Fault::server) {
      failed_.remember(server.peer.address, why.reply, now);
    } else if (why.fault == Fault::tls && may_be_met_in_clear(server)) {
      clear_.remember(server.peer.address, why.reply.text, now);
    } else {
      failed_as_asked_.remember(server, why.reply, now);
    }
  }
  void on_session(const Server& server) {
    failed_.forget(server.peer.address);
    failed_as_asked_.forget(server);
  }

  // What was wrong with it, if that was less than kBackoff ago; null: it may be asked.
  const smtp::Reply* recall(const Server& server, std::chrono::microseconds now) const {
    const smtp::Reply* const why = failed_.recall(server.peer.address, now);
    return why != nullptr ? why : failed_as_asked_.recall(server, now);
  }
  void on_chunking_failed(const Server& server, std::chrono::microseconds now) {
    without_chunking_.remember(server.peer.address, {}, now);
  }

  // How the server is met.
  struct Terms {
    const std::string* why_clear = nullptr;  // it is in the clear, and why; null: as its level says
    bool chunking = true;                    // BDAT, where it is offered
  };
  Terms terms_for(const Server& server, std::chrono::microseconds now) const {
    const net::Endpoint& address = server.peer.address;
    return {may_be_met_in_clear(server) ? clear_.recall(address, now) : nullptr,
            without_chunking_.recall(address, now) == nullptr};
  }

  // After its TLS has failed. A password is not: who breaks the handshake would be shown it.
  static bool may_be_met_in_clear(const Server& server) noexcept {
    return server.peer.level == TlsLevel::may && server.login == nullptr;
  }

 private:
  ShortMemory<net::Endpoint, smtp::Reply> failed_{kBackoff, kMaxHosts};
  ShortMemory<Server, smtp::Reply> failed_as_asked_{kBackoff, kMaxHosts};
  ShortMemory<net::Endpoint, std::monostate> without_chunking_{kWithoutChunking, kMaxHosts};
  ShortMemory<net::Endpoint, std::string> clear_{kClear, kMaxHosts};
};

}  // namespace postrider::deliverd

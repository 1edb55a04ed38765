// host_memory.h - the servers that gave no session lately, and what was wrong with them.
//
// So that the next job, or another domain behind the same server, does not wait for the same
// time-out again. A short memory, lost with the process: when a destination is asked again is
// queued's to say, and its probes pass by what is remembered of sessions.
#pragma once

#include <chrono>
#include <string>

#include "common/base/short_memory.h"
#include "common/net/tls_client.h"
#include "common/smtp/reply.h"

namespace postrider::deliverd {

class HostMemory {
 public:
  static constexpr std::chrono::seconds kBackoff{60};
  // How long a server whose TLS fails is met in the clear, where that may be.
  static constexpr std::chrono::minutes kClear{10};
  // Then the one that failed longest ago is forgotten.
  static constexpr std::size_t kMaxHosts = 10'000;

  // `now` is EventLoop::now(). The server gave no session, whatever is asked of TLS.
  void on_failed(const net::TlsPeer& peer, const smtp::Reply& why, std::chrono::microseconds now) {
    failed_.remember(peer.address, why, now);
  }
  // It gave none that is as well protected as asked: or, where TLS only may be, it will be met in
  // the clear.
  void on_tls_failed(const net::TlsPeer& peer, const smtp::Reply& why,
                     std::chrono::microseconds now) {
    if (peer.level == TlsLevel::may) {
      clear_.remember(peer.address, why.text, now);
    } else {
      unprotected_.remember(peer, why, now);
    }
  }
  void on_session(const net::TlsPeer& peer) {
    failed_.forget(peer.address);
    unprotected_.forget(peer);
  }

  // What was wrong with it, if that was less than kBackoff ago; null: it may be asked.
  const smtp::Reply* recall(const net::TlsPeer& peer, std::chrono::microseconds now) const {
    const smtp::Reply* const why = failed_.recall(peer.address, now);
    return why != nullptr ? why : unprotected_.recall(peer, now);
  }
  // Why it is met in the clear; null: as its level says.
  const std::string* why_clear(const net::TlsPeer& peer, std::chrono::microseconds now) const {
    return peer.level == TlsLevel::may ? clear_.recall(peer.address, now) : nullptr;
  }

 private:
  ShortMemory<net::SocketAddress, smtp::Reply> failed_{kBackoff, kMaxHosts};
  ShortMemory<net::TlsPeer, smtp::Reply> unprotected_{kBackoff, kMaxHosts};
  ShortMemory<net::SocketAddress, std::string> clear_{kClear, kMaxHosts};
};

}  // namespace postrider::deliverd

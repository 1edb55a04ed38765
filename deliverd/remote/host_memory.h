// host_memory.h - the servers that gave no session lately, and what was wrong with them.
//
// So that the next job, or another domain behind the same server, does not wait for the same
// time-out again. A short memory, lost with the process: when a destination is asked again is
// queued's to say, and its probes pass by what is remembered of sessions.
#pragma once

#include <chrono>
#include <string>
#include <tuple>
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
  // How long it is known whether BDAT fails at one, which is then met without: beyond the next
  // attempt.
  static constexpr std::chrono::hours kChunking{24};
  // Then the one that failed longest ago is forgotten.
  static constexpr std::size_t kMaxHosts = 10'000;

  // `now` is EventLoop::now(). The server gave no session: to anyone, or not as it was asked for,
  // with that protection and that login. Where TLS only may be it will be met in the clear.
  void on_failed(const Server& server, const smtp::ClientSession::Unusable& why,
                 std::chrono::microseconds now) {
    using Fault = smtp::ClientSession::Fault;
    if (why.fault == Fault::server) {
      failed_.remember(way_to(server), why.reply, now);
    } else if (why.fault == Fault::tls && may_be_met_in_clear(server)) {
      clear_.remember(server.peer.address, why.reply.text, now);
    } else {
      failed_as_asked_.remember(server, why.reply, now);
    }
  }
  void on_session(const Server& server) {
    failed_.forget(way_to(server));
    failed_as_asked_.forget(server);
  }

  // What was wrong with it, if that was less than kBackoff ago; null: it may be asked.
  const smtp::Reply* recall(const Server& server, std::chrono::microseconds now) const {
    const smtp::Reply* const why = failed_.recall(way_to(server), now);
    return why != nullptr ? why : failed_as_asked_.recall(server, now);
  }

  // What a transaction has found. True: BDAT fails. Where others were taken a loss has another
  // cause, unless it comes again before the next is.
  bool on_chunking(const Server& server, smtp::Chunking found, std::chrono::microseconds now) {
    using enum smtp::Chunking;
    if (found == untested) return false;
    const bool taken_before = chunking_taken_.take(server.peer.address, now).has_value();
    if (found == taken) chunking_taken_.remember(server.peer.address, {}, now);
    if (found == taken || (found == lost && taken_before)) return false;
    chunking_failed_.remember(server.peer.address, {}, now);
    return true;
  }
  // Others that are taken do not undo it: some servers take small messages alone by BDAT.
  bool has_chunking_failed(const Server& server, std::chrono::microseconds now) const {
    return chunking_failed_.recall(server.peer.address, now) != nullptr;
  }

  // Why it is met in the clear; null: it is met as its level says.
  const std::string* why_clear(const Server& server, std::chrono::microseconds now) const {
    return may_be_met_in_clear(server) ? clear_.recall(server.peer.address, now) : nullptr;
  }

  // After its TLS has failed. A password is not: who breaks the handshake would be shown it.
  static bool may_be_met_in_clear(const Server& server) noexcept {
    return server.peer.level == TlsLevel::may && server.login == nullptr;
  }

 private:
  // One that gives no session in one way of speaking may well give one in another.
  using Way = std::tuple<net::Endpoint, smtp::Protocol, smtp::TlsStart>;
  static Way way_to(const Server& server) {
    return {server.peer.address, server.protocol, server.tls_start};
  }

  ShortMemory<Way, smtp::Reply> failed_{kBackoff, kMaxHosts};
  ShortMemory<Server, smtp::Reply> failed_as_asked_{kBackoff, kMaxHosts};
  ShortMemory<net::Endpoint, std::monostate> chunking_failed_{kChunking, kMaxHosts};
  ShortMemory<net::Endpoint, std::monostate> chunking_taken_{kChunking, kMaxHosts};
  ShortMemory<net::Endpoint, std::string> clear_{kClear, kMaxHosts};
};

}  // namespace postrider::deliverd

// host_memory.h - the server addresses that gave no session lately, and what was wrong with them.
//
// So that the next job, or another domain behind the same server, does not wait for the same
// time-out again. A short memory, lost with the process: when a destination is asked again is
// queued's to say, and its probes pass this memory by.
#pragma once

#include <chrono>
#include <list>
#include <map>

#include "common/net/address.h"
#include "common/smtp/reply.h"

namespace postrider::deliverd {

class HostMemory {
 public:
  static constexpr std::chrono::seconds kBackoff{60};
  // Then the one that failed longest ago is forgotten.
  static constexpr std::size_t kMaxHosts = 10'000;

  // `now` is EventLoop::now().
  void on_failed(const net::SocketAddress& address, const smtp::Reply& why,
                 std::chrono::microseconds now);
  void on_session(const net::SocketAddress& address);

  // What was wrong with it, if that was less than kBackoff ago; null: it may be asked.
  const smtp::Reply* recall(const net::SocketAddress& address, std::chrono::microseconds now) const;

  std::size_t size() const noexcept { return hosts_.size(); }

 private:
  struct Failure {
    net::SocketAddress address;
    smtp::Reply why;
    std::chrono::microseconds when;
  };
  std::list<Failure> failures_;  // the oldest first
  std::map<net::SocketAddress, std::list<Failure>::iterator> hosts_;
};

}  // namespace postrider::deliverd

// proxy_reception.h - reads the PROXY header of a fresh connection from its socket, and no octet of
// what follows: whoever serves the connection, in the clear or under TLS, begins where it ends.
#pragma once

#include <chrono>

#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/event/event_loop.h"
#include "common/net/proxy_header.h"

namespace postrider::net {

class ProxyReception final : public event::Deferred {
 public:
  // Called once, from the loop; its owner then hands the ProxyReception to destroy_later(). An
  // error says why there is no header.
  using Done = UniqueFunction<void(Result<ProxyHeader>)>;

  // `loop` outlives it. `connection` is non-blocking and connected; the header has to be there
  // within `limit`.
  ProxyReception(event::EventLoop& loop, Fd connection, std::chrono::seconds limit, Done done);

  // Once it is done.
  Fd take_connection() noexcept { return std::move(connection_); }

 private:
  void ready();
  void finish(Result<ProxyHeader> result);

  Fd connection_;
  Done done_;
  ProxyHeaderReader reader_;
  event::Watch watch_;
  event::Timer timer_;
};

}  // namespace postrider::net

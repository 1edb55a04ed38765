// racing_connector.h - connects to whichever of a host's addresses answers first.
//
// RFC 8305 (Happy Eyeballs) section 5: one attempt after another is begun, the next when the one
// before it has failed or kStagger has passed; the first that is connected ends the others.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/fd.h"
#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/event/event_loop.h"
#include "common/net/address.h"

namespace postrider::net {

struct RaceResult {
  struct Winner {
    SocketAddress address;
    Fd socket;  // as of connect_tcp()
  };
  struct Failure {
    SocketAddress address;
    std::string why;
  };
  std::optional<Winner> winner;
  std::vector<Failure> failures;  // of all addresses, where there is no winner
};

// RFC 8305 section 8: the Connection Attempt Delay.
inline constexpr std::chrono::milliseconds kStagger{250};

// `addresses`: at least one, in the order in which they are begun. Each has `timeout`.
[[nodiscard]] PendingPtr connect_racing(event::EventLoop& loop,
                                        std::vector<SocketAddress> addresses,
                                        std::chrono::seconds timeout,
                                        UniqueFunction<void(RaceResult)> done);

// RFC 8305 section 4: the families take turns, each in its order.
std::vector<IpAddress> in_turn(const std::vector<IpAddress>& addresses, bool prefer_v4);

}  // namespace postrider::net

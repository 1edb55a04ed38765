// connector.h - opens a connection without blocking.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/base/fd.h"
#include "common/base/pending.h"
#include "common/base/result.h"
#include "common/event/event_loop.h"
#include "common/net/endpoint.h"

namespace postrider::net {

// Connects to a TCP address; `done` gets the connected, non-blocking socket with TCP_NODELAY, or an
// Error of kind temporary: "192.0.2.1:25: Connection refused", "192.0.2.1:25: connection timed out
// after 30s".
// `source`, where given, is the local address (its port is left to the kernel).
[[nodiscard]] PendingPtr connect_tcp(event::EventLoop& loop, const SocketAddress& address,
                                     std::optional<IpAddress> source, std::chrono::seconds timeout,
                                     UniqueFunction<void(Result<Fd>)> done);

// Connects to a Unix stream socket, at once: it accepts, refuses, or is busy (EAGAIN, an Error of
// kind temporary).
Result<Fd> connect_unix(const std::string& path);

// The same to either; `done` is called later. A socket that is busy, as more wait there to be
// accepted than it takes, is asked again every kBusyWait until `timeout` is over. Of a socket the
// Error does not tell the path, which not everyone is to know.
inline constexpr std::chrono::milliseconds kBusyWait{50};
[[nodiscard]] PendingPtr connect(event::EventLoop& loop, const Endpoint& endpoint,
                                 std::chrono::seconds timeout,
                                 UniqueFunction<void(Result<Fd>)> done);

}  // namespace postrider::net

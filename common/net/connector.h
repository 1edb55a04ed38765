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

// Connects to a Unix stream socket, at once: a local socket accepts or refuses without waiting.
Result<Fd> connect_unix(const std::string& path);

// The same to either; `done` is called later.
[[nodiscard]] PendingPtr connect(event::EventLoop& loop, const Endpoint& endpoint,
                                 std::chrono::seconds timeout,
                                 UniqueFunction<void(Result<Fd>)> done);

}  // namespace postrider::net

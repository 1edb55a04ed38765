// connector.h - opens a connection without blocking.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/base/fd.h"
#include "common/base/pending.h"
#include "common/base/result.h"
#include "common/event/event_loop.h"
#include "common/net/address.h"

namespace postrider::net {

// Connects to a TCP address; `done` gets the connected, non-blocking socket with TCP_NODELAY, or an
// Error of kind temporary: "192.0.2.1:25: Connection refused", "192.0.2.1:25: connection timed out
// after 30s".
// `source`, where given, is the local address (its port is left to the kernel).
[[nodiscard]] PendingPtr connect_tcp(event::EventLoop& loop, const SocketAddress& address,
                                     std::optional<IpAddress> source, std::chrono::seconds timeout,
                                     UniqueFunction<void(Result<Fd>)> done);

// The same with a socket that is connected already.
[[nodiscard]] PendingPtr hand_over(event::EventLoop& loop, Fd socket,
                                   UniqueFunction<void(Result<Fd>)> done);

// Connects to a Unix stream socket, at once: a local socket accepts or refuses without waiting.
Result<Fd> connect_unix(const std::string& path);

}  // namespace postrider::net

// listener.h - accepts connections on a listening socket and hands each to its owner.
//
// The listening socket itself is opened by the parent (open_listening_socket) and inherited, so
// that a worker that dies takes no connection with it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/event/event_loop.h"
#include "common/net/address.h"

namespace postrider::net {

// A bound TCP socket, listening, non-blocking, close-on-exec; workers are forked. The error says
// which address and why ("127.0.0.1:25: Address already in use").
Result<Fd> open_listening_socket(const SocketAddress& address);

// A bound Unix stream socket at `path` with `mode`, listening. A socket left there by a process
// that is gone is replaced; one that answers is an error ("is in use"), as is any other file.
Result<Fd> open_listening_unix_socket(const std::string& path, unsigned mode);

class Listener {
 public:
  using OnAccept = UniqueFunction<void(Fd connection, SocketAddress peer)>;
  // Why accepting pauses for kPause (EMFILE, ENFILE, ENOBUFS, ENOMEM): when it begins, and then
  // again not before kQuiet is over.
  using OnTrouble = UniqueFunction<void(int error)>;

  static constexpr int kBacklog = 4096;
  // At most this many connections a turn, so that workers share them and sessions get their turn.
  static constexpr int kAcceptsPerTurn = 16;
  static constexpr std::chrono::milliseconds kPause{100};
  static constexpr std::chrono::minutes kQuiet{1};

  // `listening` is borrowed and stays open; TCP_NODELAY is set on it, for its connections. For a
  // Unix socket `peer` is 0.0.0.0:0.
  Listener(event::EventLoop& loop, int listening, OnAccept on_accept, OnTrouble on_trouble);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Stops and starts accepting; connections wait in the kernel meanwhile.
  void pause() noexcept { watch_.disable(); }
  void resume() { watch_.enable(); }

 private:
  void ready();
  void wait_for_better_times(int error);

  event::EventLoop& loop_;
  int listening_;
  OnAccept on_accept_;
  OnTrouble on_trouble_;
  event::Watch watch_;
  event::Timer pause_timer_;
  std::optional<std::chrono::microseconds> told_at_;
};

}  // namespace postrider::net

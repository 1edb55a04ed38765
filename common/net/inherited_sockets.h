// inherited_sockets.h - the listening sockets that this process was given: by the service manager
// (sd_listen_fds(3)), or by itself before it became its next release (event/upgrade.h).
//
// They are told apart by where they listen, as the configuration names it, so that neither side has
// to know the other's order.
#pragma once

#include <string>
#include <vector>

#include "common/base/fd.h"
#include "common/net/address.h"

namespace postrider::net {

class InheritedSockets {
 public:
  InheritedSockets() = default;  // none
  // What this process was given, which it is not given twice: once, in main().
  static InheritedSockets take();
  // For tests: these descriptors. What is no listening stream socket is closed.
  explicit InheritedSockets(std::vector<Fd> given);

  // The socket that listens on `address`, non-blocking and the caller's from now on; empty: there
  // is none. One of all addresses, "[::]:25", is also found as "0.0.0.0:25" and the other way
  // round: which of them the service manager opens depends on the host. One that is of both
  // families is found by each, as a descriptor of its own.
  Fd claim(const SocketAddress& address);
  // The same for a Unix socket, by its path.
  Fd claim(const std::string& path);

  // Whether there are any that nobody has claimed.
  bool are_any() const noexcept { return !sockets_.empty(); }
  // Where those listen that nobody has claimed, in the configuration's words: clients who connect
  // there wait in vain.
  std::vector<std::string> unclaimed() const;

 private:
  struct Socket {
    Fd fd;
    SocketAddress address;
    std::string path;  // empty: it is no Unix socket
  };
  template <typename Is>
  Fd take_first(Is is);
  void remember_if_both(const SocketAddress& address, const Fd& claimed);

  std::vector<Socket> sockets_;
  std::vector<Socket> of_both_;  // duplicates of what was claimed by one family
};

}  // namespace postrider::net

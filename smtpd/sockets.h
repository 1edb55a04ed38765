// sockets.h - the sockets that the parent listens on, for all its workers.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/net/inherited_sockets.h"

namespace postrider::smtpd {

struct ListeningSocket {
  int fd;  // borrowed from Sockets
  config::SmtpListener listener;
};

class Sockets {
 public:
  Sockets() = default;
  explicit Sockets(net::InheritedSockets inherited) : inherited_(std::move(inherited)) {}

  // Opens what `settings` asks for and was not inherited, keeps what is open already and closes the
  // rest, so that a reload misses no connection. After an error all is as it was, but for what was
  // inherited.
  Result<void> open(const config::Settings& settings);

  // Whether there is any that was inherited, and not yet claimed.
  bool has_inherited() const noexcept { return inherited_.are_any(); }

  std::vector<ListeningSocket> listening() const;
  // Closes what was inherited and is not asked for; where those listened, as of InheritedSockets.
  std::vector<std::string> drop_unclaimed() {
    return std::exchange(inherited_, net::InheritedSockets()).unclaimed();
  }
  // Closes all, and removes the names of Unix sockets that were opened here.
  void withdraw() {
    remove_names(open_);
    open_.clear();
  }
  // Lets go of them: of this process's descriptors, not of another's.
  void close() noexcept { open_.clear(); }

 private:
  struct Open {
    Fd fd;
    config::SmtpListener listener;
    bool is_given = false;  // by a service manager, who owns a Unix socket's name too
  };
  static void remove_names(const std::map<std::string, Open>& sockets);

  net::InheritedSockets inherited_;
  std::map<std::string, Open> open_;  // by address
};

}  // namespace postrider::smtpd

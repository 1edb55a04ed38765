// server.h - the socket that the other processes and the command connect to.
//
// A peer says Hello with its role; what it may say then follows from the role. Whoever is not our
// own user or root is shown out (SO_PEERCRED), as is a peer that says what its role may not.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "common/ipc/roles.h"
#include "common/net/listener.h"
#include "queued/admin.h"
#include "queued/dispatcher.h"
#include "queued/intake.h"
#include "queued/queue.h"

namespace postrider::queued {

class Server {
 public:
  struct Parts {
    event::EventLoop& loop;
    Queue& queue;
    Intake& intake;
    StoreThread& store;
    Dispatcher& dispatcher;
    const config::Settings& settings;
    const Clock& clock;
    log::Logger& log;
  };

  // Connections at once; a further one is closed at once, with a log line.
  static constexpr std::size_t kMaxConnections = 512;

  // `listening` is borrowed. All of `parts` outlive the Server.
  Server(const Parts& parts, int listening);
  ~Server();
  // Those that are connected stay so.
  void stop_listening() { listener_.reset(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  class Connection;
  using Connections = std::list<std::unique_ptr<Connection>>;

  void accept(Fd fd);
  void remove(Connection& connection);
  void describe(ipc::QueueStatus& status) const;

  const Parts parts_;
  const ipc::Roles roles_ = ipc::Roles::of_host();
  const WallTime started_;
  Verbs verbs_;
  Connections connections_;
  std::optional<net::Listener> listener_;  // until stop_listening()
};

}  // namespace postrider::queued

// host.h - one address that takes mail, and what came to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/net/listener.h"
#include "common/net/tls_server.h"
#include "tests/sink/pace.h"
#include "tests/sink/session.h"

namespace postrider::sink {

class Host {
 public:
  struct Options {
    net::SocketAddress address;
    std::optional<double> rate;  // messages a second, against which their pace is held
  };
  struct Parts {
    event::EventLoop& loop;
    const Clock& clock;
    net::TlsServer* tls;  // null: in the clear alone
  };

  // Takes connections from now on. `on_message` is called for each message, before its client has
  // the reply. The parts outlive the host. Throws std::runtime_error if it cannot listen.
  Host(Options options, Parts parts, UniqueFunction<void()> on_message);
  ~Host();

  // A JSON object: `connections`, `most_connections` that were open at any instant, `secured` and
  // `resumed` of them, `messages`, `most_recipients` of one, `first` and `last` in seconds since
  // 1970, and with a rate `most_ahead` of it in seconds.
  std::string report() const;

 private:
  class Connection;
  void accept(Fd fd);
  std::size_t open() const;
  void on_message(unsigned recipients);
  void on_secured(const net::TlsInfo& info);
  void on_closed(Connection& connection);

  const Options options_;
  const Parts parts_;
  UniqueFunction<void()> on_message_;
  Fd listening_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::unique_ptr<Connection>> connected_;

  std::size_t connections_ = 0;
  std::size_t most_connections_ = 0;
  std::size_t secured_ = 0;
  std::size_t resumed_ = 0;
  std::size_t messages_ = 0;
  unsigned most_recipients_ = 0;
  Pace::Seconds first_{0};
  Pace::Seconds last_{0};
  std::optional<Pace> pace_;
};

}  // namespace postrider::sink

// http_server.h - serves a Site over HTTP: one request a connection, so many connections, each for
// so long.
//
// Whose name a browser asked for is checked before anything is answered: a page of somebody else,
// whose name has come to lead here (DNS rebinding), reads nothing. Addresses cannot be rebound.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/fd.h"
#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/log/log.h"
#include "common/net/listener.h"
#include "ctl/monitor/http_answer.h"
#include "ctl/monitor/http_request.h"

namespace postrider::ctl {

class Site {
 public:
  using Done = UniqueFunction<void(HttpAnswer)>;
  // To GET, and to HEAD, whose body is then left out. `done` is called once, later.
  [[nodiscard]] virtual PendingPtr answer(const HttpRequest& request, Done done) = 0;

 protected:
  ~Site() = default;
};

class HttpServer {
 public:
  struct Options {
    std::string hostname;  // the name of this host, for which it answers as for "localhost"
    std::uint64_t connection_limit = 50;
    std::chrono::seconds timeout{10};
  };

  // Accepts on the listening socket, which is borrowed. All outlive the server.
  HttpServer(event::EventLoop& loop, int listening, Options options, Site& site, log::Logger& log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::size_t connections() const noexcept { return connections_.size(); }

 private:
  class Connection;

  void accept(Fd fd);
  void remove(std::uint64_t number);

  event::EventLoop& loop_;
  const Options options_;
  Site& site_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t last_number_ = 0;
  net::Listener listener_;
};

// Whether it answers for the host that a request names.
bool is_host_of_ours(std::string_view host, std::string_view hostname);

}  // namespace postrider::ctl

#include "ctl/monitor/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/event/answer_later.h"
#include "common/net/connector.h"

namespace ctl_monitor_http_server_test {

using namespace postrider;
using namespace postrider::ctl;
using namespace std::chrono_literals;

namespace {

struct HelloSite final : Site {
  explicit HelloSite(event::EventLoop& l) : loop(l) {}
  PendingPtr answer(const HttpRequest& request, Done done) override {
    ++asked;
    if (request.path == "/never") return std::make_unique<Pending>();
    return event::answer_later(loop, HttpAnswer{.body = "hello " + request.path}, std::move(done));
  }
  event::EventLoop& loop;
  int asked = 0;
};

struct World {
  explicit World(HttpServer::Options options = {.hostname = "mx.example.test"})
      : listening(*net::open_listening_socket(*net::SocketAddress::parse("127.0.0.1:0"))),
        server(loop, listening.get(), std::move(options), site, log) {}

  Fd connect() {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    ::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &length);
    Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
    return fd;
  }
  // Runs the loop until the server has closed the connection; what it has said.
  std::string exchange(const Fd& fd, std::string_view request) {
    REQUIRE(::send(fd.get(), request.data(), request.size(), 0) ==
            static_cast<ssize_t>(request.size()));
    return rest(fd);
  }
  std::string rest(const Fd& fd) {
    std::string answer;
    event::Watch watch(loop, fd.get(), event::Watch::For::reading, [&] {
      char octets[65536];
      const ssize_t n = ::recv(fd.get(), octets, sizeof octets, MSG_DONTWAIT);
      if (n > 0) return void(answer.append(octets, static_cast<std::size_t>(n)));
      loop.stop();
    });
    watch.enable();
    loop.run();
    return answer;
  }
  std::string get(std::string_view target, std::string_view host = "127.0.0.1",
                  std::string_view method = "GET") {
    const Fd fd = connect();
    return exchange(fd, fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n\r\n", method, target, host));
  }

  SystemClock clock;
  log::Logger log{"test", log::Level::error, log::Format::logfmt, clock, [](std::string_view) {}};
  event::EventLoop loop;
  HelloSite site{loop};
  Fd listening;
  HttpServer server;
};

}  // namespace

TEST_CASE("http server: an answer has its length, and may not be framed, stored or scripted",
          "[monitor]") {
  World world;
  const std::string answer = world.get("/a");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.ends_with("\r\n\r\nhello /a"));
  for (const char* field : {"Content-Length: 8", "Connection: close", "Cache-Control: no-store",
                            "X-Content-Type-Options: nosniff",
                            "Content-Security-Policy: default-src 'none'; form-action"})
    CHECK(answer.find(std::string("\r\n") + field) != std::string::npos);
}

TEST_CASE("http server: HEAD has the head of GET, and no body", "[monitor]") {
  World world;
  const std::string get = world.get("/a");
  const std::string head = world.get("/a", "127.0.0.1", "HEAD");
  CHECK(head == get.substr(0, get.size() - 8));
}

TEST_CASE("http server: it changes nothing for anybody", "[monitor]") {
  World world;
  const auto method = GENERATE("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT");
  const std::string answer = world.get("/a", "127.0.0.1", method);
  CHECK(answer.starts_with("HTTP/1.1 405 "));
  CHECK(answer.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
  CHECK(world.site.asked == 0);
}

TEST_CASE("http server: a name that is not this host's is not answered for", "[monitor]") {
  World world;
  for (const char* host : {"evil.example", "mx.example.test.evil.example", "localhost.evil.example",
                           "127.0.0.1.evil.example", "mx.example.testx"})
    CHECK(world.get("/a", host).starts_with("HTTP/1.1 421 "));
  CHECK(world.get("http://evil.example/", "127.0.0.1").starts_with("HTTP/1.1 421 "));
  CHECK(world.site.asked == 0);
  for (const char* host : {"127.0.0.1", "127.0.0.1:9090", "[::1]:9090", "192.0.2.7", "localhost",
                           "LOCALHOST:1", "MX.example.test"})
    CHECK(world.get("/a", host).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("http server: beyond its limit a connection is told so, and then it serves again",
          "[monitor]") {
  World world({.hostname = "mx.example.test", .connection_limit = 2});
  const Fd first = world.connect();
  {
    const Fd second = world.connect();
    const Fd third = world.connect();
    CHECK(world.rest(third).starts_with("HTTP/1.1 503 "));
    CHECK(world.server.connections() == 2);
    CHECK(
        world.exchange(second, "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n").ends_with("hello /a"));
  }
  CHECK(world.exchange(first, "GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n").ends_with("hello /b"));
  CHECK(world.get("/c").ends_with("hello /c"));
}

TEST_CASE("http server: a connection that does not get on ends at its time", "[monitor]") {
  World world({.hostname = "mx.example.test", .timeout = 0s});
  const Fd fd = world.connect();
  CHECK(world.rest(fd).empty());
  const Fd waiting = world.connect();
  static_cast<void>(::send(waiting.get(), "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n", 40, 0));
  CHECK(world.rest(waiting).empty());
  CHECK(world.server.connections() == 0);
}

TEST_CASE("http server: what is no request is told so", "[monitor]") {
  World world;
  const Fd fd = world.connect();
  CHECK(world.exchange(fd, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  CHECK(world.site.asked == 0);
}

}  // namespace ctl_monitor_http_server_test

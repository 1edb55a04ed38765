#include "ctl/submission.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <thread>

#include <catch2/catch.hpp>

#include "common/net/listener.h"
#include "tests/unit/temp_directory.h"

namespace ctl_submission_test {

using namespace postrider;
using namespace std::chrono_literals;

namespace {

// More than the kernel keeps for a peer that does not read, many times over.
constexpr std::size_t kContentSize = 32U << 20U;
// The client's; the server waits far longer for the client to give up.
constexpr auto kSilence = 20ms;
constexpr int kPatience = 3000;  // milliseconds

// A server of one connection, which takes all commands, then reads of the content nothing for a
// while. Gives what it has read after DATA.
class Server {
 public:
  explicit Server(const std::string& path)
      : listener_(std::move(*net::open_listening_unix_socket(path, 0600))),
        thread_([this] { serve(); }) {}

  std::string content() {
    thread_.join();
    return std::move(content_);
  }

 private:
  void serve() {
    wait(listener_, POLLIN);
    const Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    say(client, "220 here.test ready");
    for (const char* reply : {"250 here.test", "250 ok", "250 ok", "354 go on"}) {
      read(client);
      say(client, reply);
    }
    wait(client, POLLRDHUP);
    while (read(client)) {
    }
    say(client, "250 queued");
  }

  static void wait(const Fd& fd, short events) {
    pollfd polled{.fd = fd.get(), .events = events, .revents = 0};
    static_cast<void>(::poll(&polled, 1, kPatience));
  }
  static void say(const Fd& fd, std::string reply) {
    reply += "\r\n";
    static_cast<void>(::send(fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL));
  }
  // False: the client has gone, or ended the content.
  bool read(const Fd& fd) {
    std::array<char, 65536> buffer;
    const ssize_t n = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (n <= 0) return false;
    content_.append(buffer.data(), static_cast<std::size_t>(n));
    return !content_.ends_with("\r\n.\r\n");
  }

  const Fd listener_;
  std::string content_;
  std::thread thread_;
};

std::string lines(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "a line of a message that is longer than a socket keeps\r\n";
  return text;
}

}  // namespace

TEST_CASE("submission: what a server does not take in time is not continued behind the gap",
          "[ctl][slow]") {
  const test::TempDirectory folder;
  Server server(folder.path("smtp"));
  const auto outcomes =
      ctl::submit(folder.path("smtp"), "here.test",
                  {.sender = "a@here.test", .recipients = {{"b@here.test", "", ""}}},
                  lines(kContentSize), kSilence);
  CHECK_FALSE(server.content().ends_with("\r\n.\r\n"));
  REQUIRE(outcomes);
  REQUIRE(outcomes->size() == 1);
  CHECK(outcomes->front().outcome == smtp::Outcome::untried);
  CHECK(smtp::to_line(outcomes->front().reply).find("timed out") != std::string::npos);
}

}  // namespace ctl_submission_test

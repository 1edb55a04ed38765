#include "common/ipc/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include <catch2/catch.hpp>

#include "common/ipc/messages.pb.h"

namespace ipc_channel_test {

using namespace postrider;

namespace {

struct Recorder final : ipc::Channel::Owner {
  void on_frame(const ipc::Frame& frame, Fd descriptor) override {
    frames.push_back(frame);
    descriptors.push_back(std::move(descriptor));
    if (frames.size() == expected) loop.stop();
  }
  void on_closed(const std::string& why) override {
    closed = why;
    loop.stop();
  }
  explicit Recorder(event::EventLoop& l) : loop(l) {}
  event::EventLoop& loop;
  std::size_t expected = 0;
  std::vector<ipc::Frame> frames;
  std::vector<Fd> descriptors;
  std::string closed;
};

std::array<Fd, 2> socket_pair() {
  std::array<int, 2> fds{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

ipc::Frame job(std::uint64_t number, std::size_t trace = 0) {
  ipc::Frame frame;
  frame.mutable_job()->set_number(number);
  frame.mutable_job()->set_trace(std::string(trace, 't'));
  return frame;
}

ipc::Frame source(std::uint32_t number) {
  ipc::Frame frame;
  frame.mutable_source()->set_number(number);
  return frame;
}

struct Fixture {
  event::EventLoop loop;
  Recorder left{loop};
  Recorder right{loop};
  std::array<Fd, 2> fds = socket_pair();
};

void write_raw(int fd, std::string_view bytes) {
  REQUIRE(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

}  // namespace

TEST_CASE("ipc channel: frames arrive whole and in order, also when larger than the socket",
          "[ipc][slow]") {
  Fixture f;
  ipc::Channel a(f.loop, std::move(f.fds[0]), f.left);
  ipc::Channel b(f.loop, std::move(f.fds[1]), f.right);
  f.right.expected = 50;
  for (std::uint64_t i = 0; i < 50; ++i) a.send(job(i, i * 20'000));
  f.loop.run();
  REQUIRE(f.right.frames.size() == 50);
  for (std::uint64_t i = 0; i < 50; ++i) {
    CHECK(f.right.frames[i].job().number() == i);
    CHECK(f.right.frames[i].job().trace().size() == i * 20'000);
  }
}

TEST_CASE("ipc channel: each descriptor arrives with the frame it was sent with", "[ipc]") {
  Fixture f;
  ipc::Channel a(f.loop, std::move(f.fds[0]), f.left);
  ipc::Channel b(f.loop, std::move(f.fds[1]), f.right);
  f.right.expected = 30;
  for (std::uint32_t i = 0; i < 10; ++i) {
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const Fd out(pipe[1]);
    const Fd in(pipe[0]);
    write_raw(out.get(), std::to_string(i));
    a.send(job(i, 30'000));
    a.send_with(source(i), in.get());
    a.send(job(100 + i));
  }
  f.loop.run();
  REQUIRE(f.right.frames.size() == 30);
  for (std::uint32_t i = 0; i < 10; ++i) {
    CHECK_FALSE(f.right.descriptors[3 * i]);
    REQUIRE(f.right.descriptors[3 * i + 1]);
    CHECK(f.right.frames[3 * i + 1].source().number() == i);
    char digit = 0;
    CHECK(::read(f.right.descriptors[3 * i + 1].get(), &digit, 1) == 1);
    CHECK(digit == static_cast<char>('0' + i));
  }
}

TEST_CASE("ipc channel: knows who is at the other end", "[ipc]") {
  Fixture f;
  const ipc::Channel a(f.loop, std::move(f.fds[0]), f.left);
  CHECK(a.peer().pid == static_cast<unsigned>(::getpid()));
  CHECK(a.peer().uid == ::getuid());
}

TEST_CASE("ipc channel: what no honest peer sends closes it with a reason", "[ipc]") {
  using namespace std::string_literals;
  const auto [bytes, why] = GENERATE(table<std::string, std::string>({
      {"\x00\x00\x00\x7f"s, "a frame is too long"},
      {"\x02\x00\x00\x00\xff\xff"s, "a frame cannot be read"},
      {"\x00\x00\x00\x80"s, "a descriptor is missing"},
  }));
  Fixture f;
  ipc::Channel a(f.loop, std::move(f.fds[0]), f.left);
  write_raw(f.fds[1].get(), bytes);
  f.loop.run();
  CHECK(f.left.closed == why);
  CHECK(f.left.frames.empty());
}

TEST_CASE("ipc channel: a peer that leaves is told once, and sending then does nothing", "[ipc]") {
  Fixture f;
  ipc::Channel a(f.loop, std::move(f.fds[0]), f.left);
  f.fds[1].reset();
  f.loop.run();
  CHECK(f.left.closed == "the peer closed the connection");
  a.send(job(1));
  CHECK(a.unsent() == 0);
}

}  // namespace ipc_channel_test

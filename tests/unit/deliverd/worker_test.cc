#include "deliverd/worker.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <optional>

#include <catch2/catch.hpp>

#include "common/net/listener.h"

namespace deliverd_worker_test {

using namespace postrider;
using namespace postrider::deliverd;
using namespace std::chrono_literals;

namespace {

// Keeps the jobs it is given until the test ends them.
class FakeDelivery final : public Delivery {
 public:
  struct Taken {
    ipc::Job job;
    int source;
    Done done;
  };
  std::vector<Taken> taken;
  std::function<void()> on_taken = [] {};

  void deliver(const ipc::Job& job, int source, Done done) override {
    taken.push_back({job, source, std::move(done)});
    on_taken();
  }
  void end(std::size_t i) {
    ipc::JobResult result;
    result.set_number(taken[i].job.number());
    taken[i].done(std::move(result));
  }
};

// queued's end of the socket.
class FakeQueued final : public ipc::Channel::Owner {
 public:
  explicit FakeQueued(event::EventLoop& loop) : loop_(loop) {
    REQUIRE(::mkdtemp(directory_) != nullptr);
    path = std::string(directory_) + "/queued.sock";
  }
  ~FakeQueued() {
    ::unlink(path.c_str());
    ::rmdir(directory_);
  }
  void listen() {
    socket_ = *net::open_listening_unix_socket(path, 0600);
    listener_.emplace(
        loop_, socket_.get(),
        [this](Fd fd, const net::SocketAddress&) {
          ++connections;
          channel.emplace(loop_, std::move(fd), *this);
        },
        [](int) {});
  }
  void on_frame(const ipc::Frame& frame, Fd /*descriptor*/) override {
    frames.push_back(frame);
    loop_.stop();
  }
  void on_closed(const std::string& /*why*/) override { loop_.stop(); }

  void send_source(std::uint32_t number, int fd) {
    ipc::Frame frame;
    frame.mutable_source()->set_number(number);
    channel->send_with(frame, fd);
  }
  void close_source(std::uint32_t number) {
    ipc::Frame frame;
    frame.mutable_source_closed()->set_number(number);
    channel->send(frame);
  }
  void send_job(std::uint64_t number, std::uint32_t source) {
    ipc::Frame frame;
    frame.mutable_job()->set_number(number);
    frame.mutable_job()->set_source(source);
    frame.mutable_job()->add_recipients()->set_index(4);
    channel->send(frame);
  }

  std::string path;
  std::optional<ipc::Channel> channel;
  std::vector<ipc::Frame> frames;
  int connections = 0;

 private:
  event::EventLoop& loop_;
  char directory_[32] = "/tmp/postrider-XXXXXX";
  Fd socket_;
  std::optional<net::Listener> listener_;
};

struct Fixture {
  Fixture() {
    delivery.on_taken = [this] { loop.stop(); };
    REQUIRE(::write(file.get(), "content", 7) == 7);
  }
  // Connected, with Hello seen.
  void connect() {
    queued.listen();
    worker.start();
    loop.run();
    REQUIRE(queued.frames.size() == 1);
  }
  SystemClock clock;
  event::EventLoop loop;
  log::Logger log{"deliverd", log::Level::error, log::Format::logfmt, clock,
                  [](std::string_view) {}};
  FakeQueued queued{loop};
  FakeDelivery delivery;
  bool stopped = false;
  Worker worker{loop, {queued.path, ipc::DELIVERD_REMOTE, 3, 100}, delivery, log, [this] {
                  stopped = true;
                  loop.stop();
                }};
  Fd file{::memfd_create("segment", MFD_CLOEXEC)};
};

}  // namespace

TEST_CASE("deliverd worker: says who it is, takes jobs with their file, sends results",
          "[deliverd]") {
  Fixture f;
  f.connect();
  const ipc::Hello& hello = f.queued.frames[0].hello();
  CHECK(hello.role() == ipc::DELIVERD_REMOTE);
  CHECK(hello.worker() == 3);
  CHECK(hello.credit() == 100);

  f.queued.send_source(9, f.file.get());
  f.queued.send_job(1, 9);
  f.loop.run();
  REQUIRE(f.delivery.taken.size() == 1);
  char content[8] = {};
  CHECK(::pread(f.delivery.taken[0].source, content, 7, 0) == 7);
  CHECK(std::string(content) == "content");

  f.delivery.end(0);
  f.loop.run();
  CHECK(f.queued.frames.back().job_result().number() == 1);
}

TEST_CASE("deliverd worker: a file stays open while a job uses it, and no longer", "[deliverd]") {
  Fixture f;
  f.connect();
  f.queued.send_source(9, f.file.get());
  f.queued.send_job(1, 9);
  f.queued.close_source(9);
  f.queued.send_job(2, 9);
  f.loop.run();
  REQUIRE(f.delivery.taken.size() == 1);
  const int source = f.delivery.taken[0].source;
  f.loop.run();  // the second job is refused: its file was closed before
  CHECK(f.queued.frames.back().job_result().number() == 2);
  CHECK(f.queued.frames.back().job_result().recipients(0).index() == 4);
  CHECK(f.queued.frames.back().job_result().recipients(0).outcome() == ipc::DEFERRED);
  CHECK(::fcntl(source, F_GETFD) >= 0);
  f.delivery.end(0);
  f.delivery.taken.clear();
  CHECK(::fcntl(source, F_GETFD) < 0);
}

TEST_CASE("deliverd worker: comes back when queued does, and drops results of before",
          "[deliverd]") {
  Fixture f;
  f.connect();
  f.queued.send_source(9, f.file.get());
  f.queued.send_job(1, 9);
  f.loop.run();
  f.queued.channel.reset();
  while (f.queued.connections < 2 || f.queued.frames.size() < 2) f.loop.run();
  CHECK(f.queued.frames.back().has_hello());

  f.delivery.end(0);
  f.queued.send_source(9, f.file.get());
  f.queued.send_job(1, 9);
  f.loop.run();
  f.delivery.end(1);
  f.loop.run();
  CHECK(f.queued.frames.size() == 3);
  CHECK(f.queued.frames.back().has_job_result());
}

TEST_CASE("deliverd worker: looks again for a queued that is not there yet", "[deliverd]") {
  Fixture f;
  f.worker.start();
  event::Timer later(f.loop, [&] { f.queued.listen(); });
  later.arm(1ms);
  f.loop.run();
  CHECK(f.queued.frames.size() == 1);
}

TEST_CASE(
    "deliverd worker: leaves when queued has the results, and gives back what comes meanwhile",
    "[deliverd]") {
  Fixture f;
  f.connect();
  f.queued.send_source(9, f.file.get());
  f.queued.send_job(1, 9);
  f.loop.run();
  f.worker.stop();
  while (f.queued.frames.size() < 2) f.loop.run();
  CHECK(f.queued.frames[1].has_leaving());
  f.queued.send_job(2, 9);
  while (f.queued.frames.size() < 3) f.loop.run();
  CHECK(f.queued.frames[2].job_result().number() == 2);
  CHECK(f.queued.frames[2].job_result().postponed_us() > 0);
  CHECK(f.delivery.taken.size() == 1);
  f.delivery.end(0);
  while (f.queued.frames.size() < 4) f.loop.run();
  CHECK(f.queued.frames[3].job_result().number() == 1);
  CHECK_FALSE(f.stopped);
  f.queued.channel.reset();
  while (!f.stopped) f.loop.run();
}

TEST_CASE("deliverd worker: leaves at once where there is no queued", "[deliverd]") {
  Fixture f;
  f.worker.start();
  f.worker.stop();
  while (!f.stopped) f.loop.run();
  CHECK(f.queued.connections == 0);
}

}  // namespace deliverd_worker_test

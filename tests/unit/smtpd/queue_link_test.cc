#include "smtpd/queue_link.h"

#include <catch2/catch.hpp>

#include <vector>

#include "common/ipc/messages.pb.h"
#include "common/net/listener.h"
#include "tests/unit/temp_directory.h"

namespace smtpd_queue_link_test {

using namespace postrider;
using namespace postrider::smtpd;

namespace {

// Stands where queued stands, and writes down what it is told.
class FakeQueued final : private ipc::Channel::Owner {
 public:
  FakeQueued(event::EventLoop& loop, const std::string& path)
      : loop_(loop), socket_(*net::open_listening_unix_socket(path, 0600)) {
    listener_.emplace(
        loop, socket_.get(),
        [this](Fd fd, const net::SocketAddress&) {
          ipc::Channel::Owner& owner = *this;
          channel_.emplace(loop_, std::move(fd), owner);
        },
        [](int) {});
  }

  // Runs the loop until `count` things were told.
  const std::vector<std::string>& told(std::size_t count) {
    awaited_ = count;
    event::Timer too_late(loop_, [this] { loop_.stop(); });
    too_late.arm(std::chrono::seconds{20});
    if (told_.size() < awaited_) loop_.run();
    return told_;
  }

  void hang_up() { channel_.reset(); }
  // From now on whoever says hello is shown out; when each of them came is in arrivals().
  void show_out() { shows_out_ = true; }
  const std::vector<std::chrono::microseconds>& arrivals() const { return arrivals_; }

 private:
  void on_frame(const ipc::Frame& frame, Fd) override {
    const ipc::SegmentDurable& durable = frame.segment_durable();
    told_.push_back(frame.has_hello()
                        ? "hello " + std::to_string(frame.hello().role()) + " worker " +
                              std::to_string(frame.hello().worker())
                        : durable.segment() + " " + std::to_string(durable.durable()) +
                              (durable.sealed() ? " sealed" : ""));
    if (frame.has_hello()) arrivals_.push_back(loop_.now());
    if (told_.size() >= awaited_) loop_.stop();
    if (shows_out_) loop_.defer([this] { channel_.reset(); });
  }
  void on_closed(const std::string&) override { channel_.reset(); }

  event::EventLoop& loop_;
  Fd socket_;
  std::optional<net::Listener> listener_;
  std::optional<ipc::Channel> channel_;
  std::vector<std::string> told_;
  std::vector<std::chrono::microseconds> arrivals_;
  bool shows_out_ = false;
  std::size_t awaited_ = 0;
};

struct Fixture {
  postrider::test::TempDirectory folder;
  std::string path = folder.path("queued.sock");
  event::EventLoop loop;
  ManualClock clock;
  std::string lines;
  log::Logger log{"smtpd", log::Level::info, log::Format::logfmt, clock,
                  [this](std::string_view text) { lines += text; }};
};

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("smtpd queue link: says hello, then how far the segment is durable", "[smtpd]") {
  Fixture f;
  FakeQueued queued(f.loop, f.path);
  QueueLink link(f.loop, f.path, 3, f.log);
  CHECK(link.connected());
  link.announce({"smtpd3-1.seg", 100, false});
  link.announce({"smtpd3-1.seg", 200, true});
  CHECK(queued.told(3) == Told{"hello 1 worker 3", "smtpd3-1.seg 100", "smtpd3-1.seg 200 sealed"});
}

TEST_CASE("smtpd queue link: what follows at once is told together", "[smtpd]") {
  Fixture f;
  FakeQueued queued(f.loop, f.path);
  QueueLink link(f.loop, f.path, 0, f.log);
  for (const std::uint64_t durable : {100U, 200U, 300U}) link.announce({"a.seg", durable, false});
  CHECK(queued.told(3) == Told{"hello 1 worker 0", "a.seg 100", "a.seg 300"});
  link.announce({"a.seg", 400, false});
  link.announce({"a.seg", 500, true});
  link.announce({"b.seg", 100, false});
  CHECK(queued.told(5) ==
        Told{"hello 1 worker 0", "a.seg 100", "a.seg 300", "a.seg 500 sealed", "b.seg 100"});
}

TEST_CASE("smtpd queue link: comes back, and begins with where the segment stands",
          "[smtpd][slow]") {
  Fixture f;
  QueueLink link(f.loop, f.path, 0, f.log);
  CHECK_FALSE(link.connected());
  link.announce({"a.seg", 100, false});
  link.announce({"a.seg", 300, false});
  FakeQueued queued(f.loop, f.path);
  CHECK(queued.told(2) == Told{"hello 1 worker 0", "a.seg 300"});
  queued.hang_up();
  CHECK(queued.told(4) == Told{"hello 1 worker 0", "a.seg 300", "hello 1 worker 0", "a.seg 300"});
  CHECK(f.lines.find("event=queue_link_down") != std::string::npos);
}

TEST_CASE("smtpd queue link: a queued that shows it out at once is asked later and later",
          "[smtpd][slow]") {
  Fixture f;
  FakeQueued queued(f.loop, f.path);
  queued.show_out();
  const QueueLink link(f.loop, f.path, 0, f.log);
  queued.told(3);
  const auto& came = queued.arrivals();
  REQUIRE(came.size() == 3);
  // A timer is never early; what is added to a wait is the machine's.
  CHECK(came[1] - came[0] >= QueueLink::kMinBackoff * 9 / 10);
  CHECK(came[2] - came[1] >= QueueLink::kMinBackoff * 2 * 9 / 10);
}

}  // namespace smtpd_queue_link_test

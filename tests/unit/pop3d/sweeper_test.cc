#include "pop3d/sweeper.h"

#include <map>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/event/answer_later.h"
#include "tests/unit/maildir/mail_directory.h"

namespace pop3d_sweeper_test {

using namespace postrider;
using namespace postrider::pop3d;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kDay = 86400;

struct FakeKeepings final : directory::Keepings {
  explicit FakeKeepings(event::EventLoop& l) : loop(l) {}
  PendingPtr find_keeping(
      std::string_view mailbox,
      UniqueFunction<void(Result<std::optional<directory::Keeping>>)> done) override {
    Result<std::optional<directory::Keeping>> answer = std::optional<directory::Keeping>();
    if (fails) answer = fail(ErrorKind::temporary, "the directory is away");
    if (const auto user = users.find(mailbox); !fails && user != users.end()) answer = user->second;
    return event::answer_later(loop, std::move(answer), std::move(done));
  }
  event::EventLoop& loop;
  std::map<std::string, directory::Keeping, std::less<>> users;
  bool fails = false;
};

struct Fixture {
  // Runs until the log holds `event`.
  void run_until(const std::string& event) {
    event::Timer look(loop, [&] {
      if (logged.find(event) != std::string::npos || ++looks > 2000) return loop.stop();
      look_again();
    });
    look_ = &look;
    look_again();
    loop.run();
    REQUIRE(logged.find(event) != std::string::npos);
  }
  void look_again() { look_->arm(5ms); }
  fs::path put(const std::string& user, int days) {
    const fs::path box = mail.create(user);
    const fs::path file = box / fmt::format("new/{}.a.h,S=4,W=5", kNow - days * kDay);
    std::ofstream(file) << "one\n";
    return file;
  }
  Sweeper sweeper() {
    return {loop,
            keepings,
            clock,
            log,
            marks,
            {.mail_directory = mail.path(),
             .rules = {.retention = 240h},
             .interval = 1ms,
             .rate = 10'000}};
  }

  MailDirectory mail;
  event::EventLoop loop;
  ManualClock clock{WallTime(std::chrono::seconds(kNow))};
  std::string logged;
  log::Logger log{"pop3d", log::Level::info, log::Format::logfmt, clock,
                  [this](std::string_view line) { logged += line; }};
  quota::FullMarks marks{mail.path()};
  FakeKeepings keepings{loop};
  event::Timer* look_ = nullptr;
  int looks = 0;
};

}  // namespace

TEST_CASE("pop3 sweeper: what the configuration says goes, and is told", "[pop3d]") {
  Fixture f;
  f.keepings.users = {{"ann@t", {}}, {"bob@t", {}}};
  const auto old = f.put("t/ann", 11), young = f.put("t/bob", 9);
  Sweeper sweeper = f.sweeper();
  f.run_until("sweep_done");
  CHECK_FALSE(fs::exists(old));
  CHECK(fs::exists(young));
  CHECK_THAT(f.logged, Catch::Contains("mailbox_swept user=ann@t removed=1 octets=5\n"));
  CHECK_THAT(f.logged, !Catch::Contains("mailbox_swept user=bob@t"));
  CHECK_THAT(f.logged, Catch::Contains("sweep_done mailboxes=2 removed=1 octets=5 emptied=0 "));
}

TEST_CASE("pop3 sweeper: what the directory says of a mailbox goes before", "[pop3d]") {
  Fixture f;
  f.keepings.users = {{"ann@t", {.retention = 0}}, {"bob@t", {.retention = 5}}};
  const auto kept = f.put("t/ann", 11), gone = f.put("t/bob", 9);
  Sweeper sweeper = f.sweeper();
  f.run_until("sweep_done");
  CHECK(fs::exists(kept));
  CHECK_FALSE(fs::exists(gone));
}

TEST_CASE("pop3 sweeper: what goes is in the trash where the directory says so", "[pop3d]") {
  Fixture f;
  f.keepings.users = {{"ann@t", {.trash = 7}}, {"bob@t", {.trash = 0}}};
  const auto kept = f.put("t/ann", 11), gone = f.put("t/bob", 11);
  Sweeper sweeper = f.sweeper();
  f.run_until("sweep_done");
  CHECK_FALSE(fs::exists(kept));
  CHECK_FALSE(fs::exists(gone));
  CHECK(files_in(f.mail.path() / "t/ann/Maildir/postrider.trash").size() == 1);
  CHECK_FALSE(fs::exists(f.mail.path() / "t/bob/Maildir/postrider.trash"));
}

TEST_CASE("pop3 sweeper: of a mailbox that the directory does not know nothing goes", "[pop3d]") {
  Fixture f;
  const auto old = f.put("t/ann", 11);
  Sweeper sweeper = f.sweeper();
  f.run_until("sweep_done");
  CHECK(fs::exists(old));
  CHECK_THAT(f.logged, Catch::Contains(" unknown=1 "));
}

TEST_CASE("pop3 sweeper: while the directory does not answer nothing goes", "[pop3d]") {
  Fixture f;
  f.keepings.users = {{"ann@t", {}}};
  f.keepings.fails = true;
  const auto old = f.put("t/ann", 11);
  Sweeper sweeper = f.sweeper();
  f.run_until("sweep_done");
  CHECK(fs::exists(old));
  CHECK_THAT(f.logged, Catch::Contains("not_swept user=ann@t reason=\"the directory is away\""));
  f.keepings.fails = false;
  f.run_until("mailbox_swept");
  CHECK_FALSE(fs::exists(old));
}

TEST_CASE("pop3 sweeper: a mailbox that cannot be read is told once and passed over", "[pop3d]") {
  Fixture f;
  f.keepings.users = {{"ann@t", {}}, {"bob@t", {}}};
  f.put("t/ann", 11);
  const fs::path cur = f.mail.path() / "t/ann/Maildir/cur";
  fs::remove(cur);
  fs::create_symlink("/tmp", cur);
  const auto old = f.put("t/bob", 11);
  Sweeper sweeper = f.sweeper();
  f.run_until("sweep_done");
  CHECK(f.logged.find("mailbox_not_swept user=ann@t") != std::string::npos);
  CHECK_FALSE(fs::exists(old));
  f.logged.clear();
  f.run_until("not_read=1");
  CHECK(f.logged.find("mailbox_not_swept") == std::string::npos);
}

TEST_CASE("pop3 sweeper: once it is stopped it goes no further", "[pop3d]") {
  Fixture f;
  f.keepings.users = {{"ann@t", {}}};
  const auto old = f.put("t/ann", 11);
  Sweeper sweeper = f.sweeper();
  sweeper.stop();
  event::Timer end(f.loop, [&] { f.loop.stop(); });
  end.arm(50ms);
  f.loop.run();
  CHECK(fs::exists(old));
  CHECK(f.logged.empty());
}

}  // namespace pop3d_sweeper_test

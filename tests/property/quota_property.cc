// quota_property.cc - sessions, deliveries and crashes in any order: no mailbox goes beyond its
// quota, none is refused what fits beside the promises that stand, and what was promised finds its
// room.
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstring>
#include <deque>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/base/random.h"
#include "common/quota/open_rooms.h"
#include "common/quota/turn.h"
#include "deliverd/local/local_attempt.h"
#include "deliverd/local/recount.h"
#include "tests/unit/deliverd/local/source_file.h"
#include "tests/unit/maildir/mail_directory.h"

using namespace postrider;
using namespace std::chrono_literals;
using quota::Amount;
using quota::Grant;
using quota::Rooms;

namespace {

// What may stand before a content in a file: the trace of a SourceFile's job, and the two fields of
// deliverd.
constexpr std::uint64_t kFields = 200;
constexpr std::array<std::size_t, 5> kSizes{3, 200, 1000, 2500, 6000};

struct Mailbox {
  std::string name;
  Amount limit;
  std::filesystem::path folder;

  Amount used() const {
    Amount sum;
    for (const char* where : {"new", "cur"})
      for (const auto& file : std::filesystem::directory_iterator(folder / where))
        sum = sum + Amount{std::filesystem::file_size(file), 1};
    return sum;
  }
};

// A promise of the model: what a session or a message has, or one that was killed has left.
struct Held {
  std::size_t mailbox = 0;
  std::size_t source = 0;
  std::string holder;
  std::uint64_t octets = 0;
  WallTime until{};
  bool promised = true;
  bool repeated = false;
};

struct World {
  World(std::uint64_t seed, bool crashes, WallTime start)
      : chance(seed), with_crashes(crashes), clock(start) {
    for (const std::size_t size : kSizes)
      sources.push_back(std::make_unique<SourceFile>(std::string(size - 2, 'x') + "\r\n"));
    add("ann@t", {9000, 0});
    add("bob@t", {0, 4});
    add("cat@t", {20'000, 6});
    auto opened = Rooms::open(quota::rooms_path(run.path()));
    REQUIRE(opened);
    rooms.emplace(std::move(*opened));
  }

  void add(const std::string& name, const Amount& limit) {
    mailboxes.push_back({name, limit, mail.create("t/" + name.substr(0, 3))});
  }

  // What stands of promises in the mailbox, by the model; those of the killed while they last.
  Amount promised(std::size_t mailbox) const {
    Amount sum;
    for (const auto* all : {&sessions, &queue, &left})
      for (const Held& one : *all)
        if (one.mailbox == mailbox && one.promised) sum = sum + Amount{one.octets, 1};
    return sum;
  }

  void check_refusal(const Held& one, Grant grant) {
    if (grant == Grant::granted) return;
    const Mailbox& mailbox = mailboxes[one.mailbox];
    const Amount needed = mailbox.used() + promised(one.mailbox) + Amount{one.octets, 1};
    CAPTURE(mailbox.name, static_cast<int>(grant));
    REQUIRE_FALSE(quota::fits(needed, mailbox.limit));
  }

  void begin_session() {
    Held one{.mailbox = chance.below(mailboxes.size()),
             .source = chance.below(kSizes.size()),
             .holder = fmt::format("s{}", ++last)};
    const bool declared = chance.below(2) == 0;
    one.octets = (declared ? kSizes[one.source] : 0) + kFields;
    one.until = clock.now() + Rooms::kHeld;
    const Mailbox& mailbox = mailboxes[one.mailbox];
    const Grant grant =
        rooms->promise(mailbox.name, one.holder, {one.octets, 1}, mailbox.limit, clock.now());
    check_refusal(one, grant);
    if (grant == Grant::granted) sessions.push_back(one);
  }

  Held take(std::deque<Held>& from) {
    const std::size_t at = chance.below(from.size());
    Held one = from[at];
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
    return one;
  }

  void end_session() {
    if (sessions.empty()) return;
    Held one = take(sessions);
    const Mailbox& mailbox = mailboxes[one.mailbox];
    const std::uint64_t what = chance.below(8);
    if (what == 0) return rooms->withdraw(mailbox.name, one.holder);
    if (what == 1 && with_crashes) return left.push_back(one);
    const std::string id = fmt::format("{:020}", ++last);
    one.octets = kSizes[one.source] + kFields;
    const Grant grant =
        rooms->accept(mailbox.name, one.holder, id, {one.octets, 1}, mailbox.limit, clock.now());
    check_refusal(one, grant);
    if (grant != Grant::granted) return;
    one.holder = id;
    one.promised = true;  // that of the session may have faded
    one.until = clock.now() + Rooms::kAccepted;
    queue.push_back(one);
  }

  // Mail that came by an alias, without a promise.
  void forward() {
    queue.push_back({.mailbox = chance.below(mailboxes.size()),
                     .source = chance.below(kSizes.size()),
                     .holder = fmt::format("{:020}", ++last),
                     .promised = false});
  }

  void deliver() {
    if (queue.empty()) return;
    Held one = take(queue);
    const Mailbox& mailbox = mailboxes[one.mailbox];
    const SourceFile& source = *sources[one.source];
    ipc::Job job = source.job({mailbox.name});
    job.set_message_id(one.holder);
    job.set_repeated(one.repeated);
    job.mutable_recipients(0)->set_quota(mailbox.limit.octets);
    job.mutable_recipients(0)->set_quota_messages(mailbox.limit.messages);
    const auto result = deliverd::attempt_local(
        job, source.fd(),
        {.directory = mail.fd(), .host = "mx.test", .rooms = &*rooms, .clock = &clock});
    const auto& outcome = result.recipients(0);
    REQUIRE(quota::fits(mailbox.used(), mailbox.limit));
    if (outcome.outcome() == ipc::DELIVERED) {
      ++delivered;
      // Nobody has heard of it: it is attempted again.
      if (with_crashes && chance.below(10) == 0) {
        one.promised = false;
        one.repeated = true;
        queue.push_back(one);
      }
      return;
    }
    CAPTURE(outcome.reply(), outcome.detail());
    REQUIRE((outcome.status() == "4.2.2" || outcome.status() == "5.2.3"));
    // Whatever else comes, what was promised has its room.
    if (!with_crashes) REQUIRE_FALSE(one.promised);
    if (outcome.outcome() == ipc::DEFERRED && chance.below(2) == 0) {
      one.promised = false;
      queue.push_back(one);
    }
  }

  void remove() {
    const Mailbox& mailbox = mailboxes[chance.below(mailboxes.size())];
    const auto names = files_in(mailbox.folder / "new");
    if (names.empty()) return;
    std::filesystem::remove(mailbox.folder / "new" / names[chance.below(names.size())]);
    // As if the tick of the last change were over: nobody waits for it here.
    std::filesystem::last_write_time(
        mailbox.folder / "new",
        std::filesystem::file_time_type::clock::now() - std::chrono::seconds(++last));
    rooms->forget(mailbox.name);
    if (!with_crashes || chance.below(2) == 0) recount();
  }

  void recount() { deliverd::recount(*rooms, mail.fd(), clock, 99); }

  // smtpd or deliverd dies within a change of the file.
  void crash() {
    Fd fd(::open(quota::rooms_path(run.path()).c_str(), O_RDWR));
    const std::uint32_t changing = 1;
    REQUIRE(::pwrite(fd.get(), &changing, sizeof changing, 24) == sizeof changing);
  }

  // Where deliverd lives, it counts in time.
  void pass_time() {
    if (!with_crashes) recount();
    clock.advance(std::chrono::seconds(chance.below(600)));
    const auto over = [&](const Held& one) { return one.until <= clock.now(); };
    left.erase(std::remove_if(left.begin(), left.end(), over), left.end());
    for (auto* all : {&sessions, &queue})
      for (Held& one : *all)
        if (one.promised && over(one)) one.promised = false;
  }

  void step() {
    const std::uint64_t what = chance.below(100);
    if (what < 35) return begin_session();
    if (what < 65) return end_session();
    if (what < 68) return forward();
    if (what < 88) return deliver();
    if (what < 96) return remove();
    if (what < 97 && with_crashes) return crash();
    if (what < 98) return recount();
    pass_time();
  }

  SeededRandom chance;
  const bool with_crashes;
  MailDirectory mail;
  postrider::test::TempDirectory run;
  ManualClock clock;
  std::vector<std::unique_ptr<SourceFile>> sources;
  std::vector<Mailbox> mailboxes;
  std::optional<Rooms> rooms;
  std::deque<Held> sessions, queue, left;
  std::uint64_t last = 0;
  std::uint64_t delivered = 0;
};

}  // namespace

TEST_CASE("quota: whatever comes in whatever order, and dies where it will") {
  const bool crashes = GENERATE(true, false);
  // Long before what files say, every change may be in a tick of ours, and all is counted again;
  // long after it, what was counted is good until a folder changes.
  const auto start = GENERATE(WallTime(1'000'000'000s), WallTime(4'000'000'000s));
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed, crashes, start.time_since_epoch().count());
    World world(seed, crashes, start);
    for (int i = 0; i < 1500; ++i) world.step();
    CHECK(world.delivered > 50);
    // Once all is over and time has passed, there is nothing left of promises.
    world.clock.advance(Rooms::kAccepted + 1h);
    for (const Mailbox& mailbox : world.mailboxes) {
      static_cast<void>(world.rooms->promise(mailbox.name, "x", {1'000'000, 999}, mailbox.limit,
                                             world.clock.now()));
      CHECK(world.rooms->look(mailbox.name, "").promised == Amount{});
    }
  }
}

TEST_CASE("quota: several processes deliver into one mailbox, one of them is killed") {
  const MailDirectory mail;
  const postrider::test::TempDirectory run;
  const SourceFile source(std::string(500, 'x') + "\r\n");
  const Mailbox mailbox{"ann@t", {0, 60}, mail.create("t/ann")};
  const SystemClock clock;
  std::vector<pid_t> children;
  for (unsigned child = 0; child < 4; ++child) {
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      auto rooms = Rooms::open(quota::rooms_path(run.path()));
      for (unsigned i = 0; rooms && i < 40; ++i) {
        ipc::Job job = source.job({mailbox.name});
        job.set_message_id(fmt::format("{:020}", child * 100 + i));
        job.mutable_recipients(0)->set_quota_messages(mailbox.limit.messages);
        deliverd::attempt_local(
            job, source.fd(),
            {.directory = mail.fd(), .host = "mx.test", .rooms = &*rooms, .clock = &clock});
        if (child == 0 && i == 10) ::raise(SIGKILL);
      }
      ::_exit(rooms ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    CHECK((child == children[0] ? killed : WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
  CHECK(mailbox.used().messages == 60);
}

TEST_CASE("quota: who waits too long for another thread's turn is told") {
  const Rooms rooms;
  const auto turn = rooms.take_turn("ann@t");
  REQUIRE(turn);
  std::thread([&] {
    const auto other = rooms.take_turn("ann@t", 1ms);
    REQUIRE_FALSE(other);
    CHECK(other.error().kind == ErrorKind::temporary);
  }).join();
}

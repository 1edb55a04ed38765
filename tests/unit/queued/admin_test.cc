#include "queued/admin.h"

#include <sys/socket.h>

#include <array>
#include <future>

#include "tests/unit/queued/verbs_fixture.h"

namespace queued_admin_test {

using namespace postrider;
using postrider::test::all_messages;
using postrider::test::message_of;

namespace {

using Fixture = postrider::test::VerbsFixture;

// The command, and the queued that it talks to.
struct Command final : ipc::Channel::Owner {
  explicit Command(Fixture& fixture, bool may_change = true) : f(fixture) {
    std::array<int, 2> fds{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    ours.emplace(f.life->loop, Fd(fds[0]), *this);
    theirs.emplace(f.life->loop, Fd(fds[1]), *this);
    link.emplace(queued::AdminLink::Parts{f.life->queue,
                                          f.life->store,
                                          f.life->verbs,
                                          *theirs,
                                          {.uid = 1, .user = "olga"},
                                          may_change,
                                          [](ipc::QueueStatus&) {},
                                          f.clock});
  }
  void on_frame(const ipc::Frame& frame, Fd) override { replies.push_back(frame.admin_reply()); }
  void on_closed(const std::string& why) override { FAIL(why); }

  void ask(ipc::AdminRequest::Verb verb, const ipc::Filter& filter = all_messages(),
           bool dry_run = false) {
    ipc::AdminRequest request;
    request.set_verb(verb);
    request.set_dry_run(dry_run);
    if (verb == ipc::AdminRequest::ROUTE) request.set_via("smtp:other.test:25");
    *request.mutable_filter() = filter;
    link->on_request(request);
  }
  void wait() {
    f.run_until([this] { return !replies.empty() && replies.back().end(); });
  }
  std::vector<std::string> listed() {
    wait();
    std::vector<std::string> ids;
    for (const ipc::AdminReply& reply : replies)
      for (const ipc::QueuedMessage& message : reply.messages()) ids.push_back(message.id());
    return ids;
  }

  Fixture& f;
  std::vector<ipc::AdminReply> replies;
  std::optional<ipc::Channel> ours;
  std::optional<ipc::Channel> theirs;
  std::optional<queued::AdminLink> link;
};

}  // namespace

TEST_CASE("queued admin: a message that is put to disk while it is listed is listed once",
          "[queued]") {
  Fixture f;
  f.keeps = [](const ipc::Job&) { return true; };
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  f.answer_kept();
  // It is on disk, and the loop has not heard of it.
  std::promise<void> written;
  const PendingPtr question = f.life->store.ask(
      [&](queued::Store&) {
        written.set_value();
        return 0;
      },
      [](int) {});
  written.get_future().wait();
  REQUIRE(f.life->queue.find(*MessageId::parse(id)) != nullptr);
  Command command(f);
  command.ask(ipc::AdminRequest::LIST);
  CHECK(command.listed() == std::vector<std::string>{id});
}

TEST_CASE("queued admin: a message that becomes active before its row is read is listed, and shown",
          "[queued]") {
  Fixture f;
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  REQUIRE(f.state(id) == "deferred");
  std::promise<void> due;
  const PendingPtr earlier = f.life->store.read(
      [&](queued::StoreReader&) {
        due.get_future().wait();
        return 0;
      },
      [](int) {});
  Command command(f);
  const bool alone = GENERATE(false, true);
  command.ask(alone ? ipc::AdminRequest::SHOW : ipc::AdminRequest::LIST,
              alone ? message_of(id) : all_messages());
  f.keeps = [](const ipc::Job&) { return true; };
  f.clock.advance(std::chrono::hours{1});
  f.settle();
  REQUIRE(f.kept() == 1);
  due.set_value();
  CHECK(command.listed() == std::vector<std::string>{id});
}

TEST_CASE("queued admin: a message that is active only while its row is read is listed, and shown",
          "[queued]") {
  Fixture f;
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  const auto set_state = [&](const std::string& state) {
    auto database = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
    return database && database->execute("UPDATE message SET state=" + state);
  };
  REQUIRE(set_state("1"));
  std::promise<void> read;
  bool deferred_again = false;
  const PendingPtr earlier = f.life->store.ask(
      [&](queued::Store&) {
        read.get_future().wait();
        return set_state("0");
      },
      [&](bool done) { deferred_again = done; });
  Command command(f);
  const bool alone = GENERATE(false, true);
  command.ask(alone ? ipc::AdminRequest::SHOW : ipc::AdminRequest::LIST,
              alone ? message_of(id) : all_messages());
  const PendingPtr later = f.life->store.read(
      [&](queued::StoreReader&) {
        read.set_value();
        return 0;
      },
      [](int) {});
  CHECK(command.listed() == std::vector<std::string>{id});
  CHECK(deferred_again);
}

TEST_CASE("queued admin: of a message that is not there nothing is shown", "[queued]") {
  Fixture f;
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  Command command(f);
  command.ask(ipc::AdminRequest::SHOW, message_of("0000000000000000000A"));
  CHECK(command.listed().empty());
}

TEST_CASE("queued admin: what is ending no verb changes, and its dry run leaves it out",
          "[queued]") {
  Fixture f;
  const auto [ending, under_way] =
      GENERATE(table<ipc::AdminRequest::Verb, bool>({{ipc::AdminRequest::EXPIRE, false},
                                                     {ipc::AdminRequest::EXPIRE, true},
                                                     {ipc::AdminRequest::ERASE, true}}));
  const auto verb =
      GENERATE(ipc::AdminRequest::HOLD, ipc::AdminRequest::DELETE, ipc::AdminRequest::ERASE,
               ipc::AdminRequest::EXPIRE, ipc::AdminRequest::ROUTE);
  CAPTURE(ending, under_way, verb);
  f.keeps = [kept = under_way](const ipc::Job&) { return kept; };
  const std::string first = f.accept("a@x.test", {"b@far.test"});
  const std::string other = f.accept("a@x.test", {"c@far.test"});
  f.settle();
  f.life->reports.broken = true;  // so that it stays
  CHECK(f.operate(ending, message_of(first)) == 1U);
  f.settle();
  CHECK(f.list(all_messages()).size() == 2);
  Command dry_run(f);
  dry_run.ask(verb, all_messages(), true);
  CHECK(dry_run.listed() == std::vector<std::string>{other});
  Command command(f);
  command.ask(verb);
  command.wait();
  std::uint64_t changed = 0;
  for (const ipc::AdminReply& reply : command.replies) changed += reply.count();
  CHECK(changed == 1);
}

TEST_CASE("queued admin: of what is being delivered it is told since when", "[queued]") {
  Fixture f;
  f.keeps = [](const ipc::Job& job) { return job.next_hop() == "mx:far.test"; };
  const std::string id = f.accept("a@x.test", {"b@far.test", "c@near.test"});
  f.settle();
  const std::int64_t begun = f.clock.now().time_since_epoch().count();
  f.clock.advance(std::chrono::minutes{1});
  const auto told = [&](int recipient) {
    return f.list(message_of(id)).at(0).recipients(recipient).begun_us();
  };
  CHECK(told(0) == begun);
  CHECK(told(1) == 0);
  f.answer_kept();
  f.settle();
  CHECK(told(0) == 0);
}

TEST_CASE("admin: who may only see the queue changes nothing, and reads no mail", "[queued]") {
  Fixture f;
  Command command(f, false);
  using Request = ipc::AdminRequest;
  for (const auto verb : {Request::HOLD, Request::DELETE, Request::ERASE, Request::PAUSE,
                          Request::RESUME, Request::CAT}) {
    command.replies.clear();
    command.ask(verb);
    command.wait();
    CHECK(command.replies.back().error().find("may see the queue") != std::string::npos);
  }
  command.replies.clear();
  command.ask(Request::SUMMARY);
  command.wait();
  CHECK(command.replies.back().error().empty());
}

}  // namespace queued_admin_test

#include "queued/queue.h"

#include "tests/unit/queued/fixture.h"

namespace queued_queue_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::QueueFixture;
using Lines = std::vector<std::string>;

TEST_CASE("queued: a message for two places is delivered to both and leaves nothing", "[queued]") {
  QueueFixture f;
  f.accept("a@x.test", {"bob@local.test", "c@far.test"});
  f.settle();
  CHECK(f.attempts == Lines{"local: bob@local.test", "mx:far.test: c@far.test"});
  CHECK(f.life->queue.active() == 0);
  CHECK(f.files(f.paths.incoming()).empty());
  CHECK(f.life->reports.sent.empty());
}

TEST_CASE("queued: a job tells deliverd the quota of each mailbox", "[queued]") {
  QueueFixture f;
  f.life->directory.quota = {5000, 7};
  Lines quotas;
  f.answer = [&](const ipc::Job&, const ipc::JobRecipient& to) {
    quotas.push_back(fmt::format("{} {} {}", to.address(), to.quota(), to.quota_messages()));
    return QueueFixture::result(ipc::DELIVERED, "250 ok");
  };
  f.accept("a@x.test", {"bob@local.test", "c@far.test"});
  f.settle();
  CHECK(quotas == Lines{"bob@local.test 5000 7", "c@far.test 0 0"});
}

TEST_CASE("queued: aliases are expanded, loops are cut, nobody gets it twice", "[queued]") {
  QueueFixture f;
  f.life->directory.aliases = {
      {"all@local.test", {"bob@local.test", "team@local.test"}},
      {"team@local.test", {"all@local.test", "bob@local.test", "z@far.test"}}};
  f.accept("a@x.test", {"all@local.test"});
  f.settle();
  CHECK(f.attempts == Lines{"local: bob@local.test", "mx:far.test: z@far.test"});
}

TEST_CASE("queued: an alias that leads only to itself is refused", "[queued]") {
  QueueFixture f;
  f.life->directory.aliases = {{"me@local.test", {"me@local.test"}}};
  f.accept("a@x.test", {"me@local.test"});
  f.settle();
  CHECK(f.life->reports.sent ==
        Lines{"failed to a@x.test about me@local.test: the alias leads only to itself"});
}

TEST_CASE("queued: each recipient has its own fate", "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient& to) {
    if (to.address() == "bad@far.test")
      return QueueFixture::result(ipc::FAILED, "550 no such user");
    if (to.address() == "late@far.test") return QueueFixture::result(ipc::DEFERRED, "451 later");
    return QueueFixture::result(ipc::DELIVERED, "250 ok");
  };
  const std::string id = f.accept("a@x.test", {"good@far.test", "bad@far.test", "late@far.test"});
  f.settle();
  CHECK(f.life->reports.sent == Lines{"failed to a@x.test about bad@far.test: 550 no such user"});
  CHECK(f.files(f.paths.incoming()).empty());
  CHECK(f.files(f.paths.deferred_folder(*MessageId::parse(id))) == Lines{id});

  f.attempts.clear();
  f.clock.advance(34min);
  f.settle();
  CHECK(f.attempts == Lines{"mx:far.test: late@far.test"});

  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DELIVERED, "250 ok");
  };
  f.clock.advance(34min);
  f.settle();
  CHECK(f.files(f.paths.deferred_folder(*MessageId::parse(id))).empty());
  CHECK(f.life->reports.sent.size() == 1);
}

TEST_CASE("queued: five days of a host that never answers", "[queued][slow]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "connection timed out");
  };
  f.accept("a@x.test", {"b@dead.test"});
  const WallTime start = f.clock.now();
  f.settle();
  while (f.advance(start + 6 * 24h)) {
  }
  // Every 30 minutes for 120 hours, the first at once and the last at the end.
  CHECK(f.attempts.size() >= 5 * 48);
  CHECK(f.attempts.size() <= 5 * 48 + 2);
  CHECK(f.life->reports.sent ==
        Lines{"delayed to a@x.test about b@dead.test: connection timed out",
              "failed to a@x.test about b@dead.test: connection timed out"});
  CHECK(f.life->queue.active() == 0);
  CHECK(f.logged.find("event=expired") != std::string::npos);
}

TEST_CASE("queued: a report is never reported on", "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::FAILED, "550 no");
  };
  f.accept("", {"b@far.test"});
  f.settle();
  CHECK(f.life->reports.sent.empty());
  CHECK(f.files(f.paths.incoming()).empty());
  CHECK(f.logged.find("event=report_not_sent") != std::string::npos);
}

TEST_CASE("queued: while a report cannot be written nothing is final", "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::FAILED, "550 no");
  };
  f.life->reports.broken = true;
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.life->queue.active() == 1);
  CHECK(f.logged.find("event=bounced") == std::string::npos);

  f.life->reports.broken = false;
  f.clock.advance(queued::Queue::kWriteRetry);
  f.settle();
  CHECK(f.attempts.size() == 1);
  CHECK(f.life->reports.sent == Lines{"failed to a@x.test about b@far.test: 550 no"});
  CHECK(f.logged.find("event=bounced") != std::string::npos);
  CHECK(f.life->queue.active() == 0);
}

TEST_CASE("queued: a directory that cannot answer defers, and routing is decided anew",
          "[queued]") {
  QueueFixture f;
  f.life->directory.broken = true;
  f.accept("a@x.test", {"bob@local.test"});
  f.settle();
  CHECK(f.attempts.empty());
  CHECK(f.life->reports.sent.empty());

  f.life->directory.broken = false;
  f.settings.routes = {{.match = "local.test", .via = {"smtp:[127.0.0.1]:2525"}}};
  f.clock.advance(34min);
  f.settle();
  CHECK(f.attempts == Lines{"smtp:[127.0.0.1]:2525: bob@local.test"});
}

TEST_CASE("queued: a crash at any time delivers again only what had no result", "[queued]") {
  QueueFixture f;
  int calls = 0;
  f.answer = [&](const ipc::Job&, const ipc::JobRecipient& to) {
    ++calls;
    return QueueFixture::result(to.address() == "late@far.test" ? ipc::DEFERRED : ipc::DELIVERED,
                                "x");
  };
  f.accept("a@x.test", {"bob@local.test", "late@far.test"});
  f.settle();
  f.begin_life();
  f.settle();
  CHECK(calls == 2);
  f.clock.advance(34min);
  f.settle();
  CHECK(f.attempts ==
        Lines{"local: bob@local.test", "mx:far.test: late@far.test", "mx:far.test: late@far.test"});
}

TEST_CASE("queued: a lost .done entry does not bring back what was promoted", "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  f.accept("a@x.test", {"b@far.test"});
  const std::string segment = f.files(f.paths.incoming()).front();
  const std::string copy = f.directory.path("copy");
  std::filesystem::copy_file(f.paths.segment(segment), copy);
  f.settle();
  f.life.reset();
  std::filesystem::copy_file(copy, f.paths.segment(segment));
  f.begin_life();
  f.settle();
  CHECK(f.attempts.size() == 1);
  CHECK(f.files(f.paths.incoming()).empty());
}

TEST_CASE("queued: a deliverd that dies gives its jobs back, marked as repeated", "[queued]") {
  QueueFixture f;
  f.accept("a@x.test", {"bob@local.test"});
  const std::string segment = f.files(f.paths.incoming()).front();
  f.life->intake.on_progress({.segment = segment,
                              .durable = std::filesystem::file_size(f.paths.segment(segment)),
                              .sealed = true});
  f.life->queue.wake();
  std::optional<queued::Order> order;
  f.run_until([&] {
    order = f.life->queue.next_order(queued::WorkKind::local);
    return order.has_value();
  });
  CHECK_FALSE(order->job.repeated());
  f.life->queue.on_lost(order->ticket);
  order = f.life->queue.next_order(queued::WorkKind::local);
  REQUIRE(order);
  CHECK(order->job.repeated());
}

TEST_CASE("queued: a copy of a message that is under way is dropped, its content is not",
          "[queued]") {
  QueueFixture f;
  const std::size_t size = GENERATE(10U, 200'000U);
  f.accept("a@x.test", {"bob@local.test"}, std::string(size, 'x'));
  const auto segment = f.paths.segment(f.files(f.paths.incoming()).front());
  std::filesystem::copy(segment, f.paths.segment("restored.seg"));
  f.answer = [&](const ipc::Job& job, const ipc::JobRecipient&) {
    if (size > 100'000) CHECK(f.files(f.paths.large()) == Lines{job.message_id()});
    return QueueFixture::result(ipc::DELIVERED, "250 ok");
  };
  f.settle();
  CHECK(f.attempts == Lines{"local: bob@local.test"});
  CHECK(f.logged.find("event=copy_dropped") != std::string::npos);
  CHECK(f.files(f.paths.incoming()).empty());
  CHECK(f.files(f.paths.large()).empty());
}

TEST_CASE("queued: a row of a message that is under way ends with it", "[queued]") {
  QueueFixture f;
  const std::string id = f.accept("a@x.test", {"bob@local.test"}, "young\r\n");
  const std::string segment = f.files(f.paths.incoming()).front();
  const auto size = std::filesystem::file_size(f.paths.segment(segment));
  f.life->intake.on_progress({.segment = segment, .durable = size, .sealed = true});
  f.life->queue.wake();
  REQUIRE(f.life->queue.active() == 1);
  // As from a queue.db that was put back while queued ran.
  queued::MessageData copy = f.life->queue.find(*MessageId::parse(id))->data;
  bool written = false;
  f.life->store.submit(queued::Promote{.data = copy,
                                       .schedule = {.next_attempt = f.clock.now()},
                                       .source = f.life->queue.find(copy.id)->source,
                                       .offset = f.life->queue.find(copy.id)->content_offset},
                       [&](const Result<void>& result) { written = result.has_value(); });
  f.run_until([&] { return written; });
  f.life->queue.look_again();
  f.run_until([&] { return f.logged.find("event=copy_dropped") != std::string::npos; });
  f.settle();
  f.clock.advance(24h);
  f.settle();
  CHECK(f.attempts == Lines{"local: bob@local.test"});
  CHECK(f.files(f.paths.incoming()).empty());
  CHECK(f.files(f.paths.deferred_folder(copy.id)).empty());
  CHECK(f.life->queue.active() == 0);
}

TEST_CASE("queued: a large message moves through both generations", "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  const std::string id = f.accept("a@x.test", {"b@far.test"}, std::string(200'000, 'x'));
  CHECK(f.files(f.paths.large()) == Lines{id});
  f.settle();
  CHECK(f.files(f.paths.large()).empty());
  CHECK(f.files(f.paths.deferred_folder(*MessageId::parse(id))) == Lines{id});
  f.answer = [](const ipc::Job& job, const ipc::JobRecipient&) {
    CHECK(job.length() == 200'000);
    return QueueFixture::result(ipc::DELIVERED, "250 ok");
  };
  f.clock.advance(34min);
  f.settle();
  CHECK(f.files(f.paths.deferred_folder(*MessageId::parse(id))).empty());
}

TEST_CASE("queued: what an operator holds is not attempted before it is released", "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  ipc::Filter filter;
  filter.set_domain("far.test");
  CHECK(f.operate(ipc::AdminRequest::HOLD, filter, "why not") == 1U);
  f.clock.advance(10 * 24h);
  f.settle();
  CHECK(f.attempts.size() == 1);
  REQUIRE(f.list(filter).size() == 1);
  CHECK(f.list(filter)[0].state() == "held");
  CHECK(f.list(filter)[0].recipients(0).reply() == "451 later");

  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DELIVERED, "250 ok");
  };
  CHECK(f.operate(ipc::AdminRequest::RELEASE, filter) == 1U);
  f.settle();
  CHECK(f.attempts.size() == 2);
  CHECK(f.list(filter).empty());
}

TEST_CASE("queued: a route that holds, holds its recipients alone, and a release passes it",
          "[queued]") {
  QueueFixture f;
  f.settings.routes = {{.match = "held.test", .via = {"hold:"}}};
  f.accept("a@x.test", {"bob@local.test", "c@held.test"});
  f.settle();
  CHECK(f.attempts == Lines{"local: bob@local.test"});
  f.clock.advance(10 * 24h);
  f.settle();
  CHECK(f.life->reports.sent.empty());

  ipc::Filter filter;
  filter.set_domain("HELD.test");
  CHECK(f.operate(ipc::AdminRequest::RELEASE, filter) == 1U);
  f.settle();
  CHECK(f.attempts == Lines{"local: bob@local.test", "mx:held.test: c@held.test"});
}

TEST_CASE("queued: a message whose content is gone is reported, and can be forgotten", "[queued]") {
  QueueFixture f;
  const std::string id = f.accept("a@x.test", {"bob@local.test"}, std::string(200'000, 'x'));
  REQUIRE(spool::system_disk().remove(f.paths.large(*MessageId::parse(id))));
  f.settle();
  CHECK(f.life->reports.sent == Lines{"failed to a@x.test about bob@local.test: the message was "
                                      "lost on the disk of this server"});
  CHECK(f.life->queue.active() == 0);
  CHECK(f.files(f.paths.incoming()).empty());
}

TEST_CASE("queued: one row that cannot be read stops neither the others nor the operator",
          "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  const std::string bad = f.accept("a@x.test", {"b@far.test"});
  f.accept("a@x.test", {"c@far.test"});
  f.settle();
  f.life.reset();
  {
    auto database = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
    REQUIRE(database->execute("UPDATE message SET envelope = x'ffffff' WHERE id = '" + bad + "'"));
  }
  f.begin_life();
  f.attempts.clear();
  f.clock.advance(34min);
  f.settle();
  CHECK(f.attempts == Lines{"mx:far.test: c@far.test"});
  CHECK(f.list(test::all_messages()).size() == 2);
  CHECK(f.operate(ipc::AdminRequest::ERASE, test::all_messages()) == 2U);
}

TEST_CASE("queued: a clock that is set back after the start keeps no mail that is due waiting",
          "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  REQUIRE(f.attempts.size() == 1);
  f.clock.advance(2h);
  f.begin_life();
  f.clock.advance(-1h);
  f.settle();
  CHECK(f.attempts.size() == 2);
}

}  // namespace queued_queue_test

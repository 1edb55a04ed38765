// What senders are told, by RFC 3461: each kind of report, asked for or not.
#include "tests/unit/queued/fixture.h"

namespace queued_notify_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::QueueFixture;
using Lines = std::vector<std::string>;

namespace {

ipc::RecipientResult delivered(bool dsn) {
  auto result = QueueFixture::result(ipc::DELIVERED, "250 ok");
  result.set_dsn(dsn);
  return result;
}

}  // namespace

TEST_CASE("queued notify: failure is told to who did not say, or wants to know", "[queued]") {
  const auto [notify, told] = GENERATE(table<std::string, bool>({
      {"", true},
      {"FAILURE", true},
      {"SUCCESS,FAILURE", true},
      {"NEVER", false},
      {"SUCCESS", false},
      {"DELAY", false},
  }));
  QueueFixture f;
  f.notify = notify;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::FAILED, "550 no");
  };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CAPTURE(notify);
  CHECK(f.life->reports.sent ==
        (told ? Lines{"failed to a@x.test about b@far.test: 550 no"} : Lines{}));
  CHECK(f.logged.find("event=bounced") != std::string::npos);
  CHECK((f.logged.find("event=report_not_sent") != std::string::npos) == !told);
  CHECK(f.life->queue.active() == 0);
  CHECK(f.files(f.paths.incoming()).empty());
}

TEST_CASE("queued notify: one report leaves out whom the sender does not want to hear of",
          "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::FAILED, "550 no");
  };
  f.notify_of = {{"b@far.test", "NEVER"}};
  f.accept("a@x.test", {"b@far.test", "d@far.test"});
  f.settle();
  CHECK(f.life->reports.sent == Lines{"failed to a@x.test about d@far.test: 550 no"});
}

TEST_CASE("queued notify: delay is told to who did not say, or wants to know", "[queued]") {
  const auto [notify, told] = GENERATE(table<std::string, bool>({
      {"", true},
      {"DELAY", true},
      {"NEVER", false},
      {"FAILURE", false},
      {"SUCCESS,FAILURE", false},
  }));
  QueueFixture f;
  f.notify = notify;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  f.accept("a@x.test", {"b@far.test"});
  const WallTime start = f.clock.now();
  f.settle();
  while (f.advance(start + 24h)) {
  }
  CAPTURE(notify);
  CHECK(f.life->reports.sent ==
        (told ? Lines{"delayed to a@x.test about b@far.test: 451 later"} : Lines{}));
}

TEST_CASE("queued notify: success is told by us where no other server does", "[queued]") {
  struct Row {
    std::string sender, notify, recipient;
    bool dsn;  // the next hop offers it
    Lines told;
  };
  const auto row = GENERATE(values<Row>({
      {"a@x.test",
       "SUCCESS",
       "bob@local.test",
       false,
       {"delivered to a@x.test about bob@local.test: 250 ok"}},
      {"a@x.test",
       "SUCCESS,FAILURE",
       "b@far.test",
       false,
       {"relayed to a@x.test about b@far.test: 250 ok"}},
      {"a@x.test", "SUCCESS", "b@far.test", true, {}},
      {"a@x.test", "", "bob@local.test", false, {}},
      {"a@x.test", "NEVER", "bob@local.test", false, {}},
      {"a@x.test", "FAILURE,DELAY", "b@far.test", false, {}},
      {"", "SUCCESS", "bob@local.test", false, {}},
  }));
  QueueFixture f;
  f.notify = row.notify;
  f.answer = [&](const ipc::Job&, const ipc::JobRecipient&) { return delivered(row.dsn); };
  f.accept(row.sender, {row.recipient});
  f.settle();
  CHECK(f.life->reports.sent == row.told);
  CHECK(f.life->queue.active() == 0);
  CHECK(f.files(f.paths.incoming()).empty());
}

TEST_CASE("queued notify: what a mail store took is delivered", "[queued]") {
  QueueFixture f;
  f.notify = "SUCCESS";
  f.answer = [&](const ipc::Job&, const ipc::JobRecipient&) {
    ipc::RecipientResult result = delivered(false);
    result.set_stored(true);
    return result;
  };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.life->reports.sent == Lines{"delivered to a@x.test about b@far.test: 250 ok"});
}

TEST_CASE("queued notify: what a route discards counts as delivered", "[queued]") {
  QueueFixture f;
  f.notify = "SUCCESS";
  f.settings.routes = {{.match = "far.test", .via = {"discard:"}}};
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.life->reports.sent ==
        Lines{"delivered to a@x.test about b@far.test: discarded by a route"});
}

TEST_CASE("queued notify: each kind is a report of its own, and who is late hears nothing yet",
          "[queued]") {
  QueueFixture f;
  f.notify = "SUCCESS,FAILURE";
  f.answer = [](const ipc::Job&, const ipc::JobRecipient& to) {
    if (to.address() == "bad@far.test") return QueueFixture::result(ipc::FAILED, "550 no");
    if (to.address() == "late@far.test") return QueueFixture::result(ipc::DEFERRED, "451 later");
    return delivered(false);
  };
  f.accept("a@x.test", {"bob@local.test", "bad@far.test", "good@far.test", "late@far.test"});
  f.settle();
  CHECK(f.life->reports.sent == Lines{"failed to a@x.test about bad@far.test: 550 no",
                                      "delivered to a@x.test about bob@local.test: 250 ok",
                                      "relayed to a@x.test about good@far.test: 250 ok"});
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) { return delivered(false); };
  f.clock.advance(34min);
  f.settle();
  CHECK(f.life->reports.sent.size() == 4);
  CHECK(f.life->reports.sent.back() == "relayed to a@x.test about late@far.test: 250 ok");
}

TEST_CASE("queued notify: an alias of one target passes the wish on, one of several is expanded",
          "[queued]") {
  QueueFixture f;
  f.life->directory.aliases = {{"one@local.test", {"bob@local.test"}},
                               {"team@local.test", {"ann@local.test", "z@far.test"}}};
  std::map<std::string, std::string> seen;  // address -> NOTIFY of its job
  f.answer = [&](const ipc::Job&, const ipc::JobRecipient& to) {
    seen[to.address()] = to.notify();
    return delivered(false);
  };
  f.notify = "SUCCESS,DELAY";
  f.accept("a@x.test", {"one@local.test", "team@local.test"});
  f.settle();
  CHECK(seen == std::map<std::string, std::string>{{"bob@local.test", "SUCCESS,DELAY"},
                                                   {"ann@local.test", "DELAY"},
                                                   {"z@far.test", "DELAY"}});
  CHECK(f.life->reports.sent == Lines{"delivered to a@x.test about bob@local.test: 250 ok",
                                      "expanded to a@x.test about team@local.test: "});
}

TEST_CASE("queued notify: a list whose sender wanted success alone tells of nothing further",
          "[queued]") {
  QueueFixture f;
  f.life->directory.aliases = {{"team@local.test", {"ann@local.test", "z@far.test"}}};
  f.answer = [&](const ipc::Job&, const ipc::JobRecipient& to) {
    CHECK(to.notify() == "NEVER");
    return QueueFixture::result(ipc::FAILED, "550 no");
  };
  f.notify = "SUCCESS";
  f.accept("a@x.test", {"team@local.test"});
  f.settle();
  CHECK(f.life->reports.sent == Lines{"expanded to a@x.test about team@local.test: "});
}

TEST_CASE("queued notify: a success is final when its sender was told", "[queued]") {
  QueueFixture f;
  f.notify = "SUCCESS";
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) { return delivered(false); };
  f.life->reports.broken = true;
  f.accept("a@x.test", {"bob@local.test", "ann@local.test"});
  f.settle();
  CHECK(f.life->queue.active() == 1);
  SECTION("the report is written later, without another delivery") {
    f.life->reports.broken = false;
    f.clock.advance(queued::Queue::kWriteRetry);
    f.settle();
    CHECK(f.attempts.size() == 2);
  }
  SECTION("a crash before that delivers again, so that the report is not lost") {
    f.begin_life();
    f.settle();
    CHECK(f.attempts.size() == 4);
  }
  CHECK(f.life->reports.sent == Lines{"delivered to a@x.test about bob@local.test: 250 ok",
                                      "delivered to a@x.test about ann@local.test: 250 ok"});
  CHECK(f.life->queue.active() == 0);
}

TEST_CASE("queued notify: a report of ours that fails goes to the postmaster, once", "[queued]") {
  struct Row {
    spool::Envelope::Report report;
    std::string double_bounces;
    bool told;
    unsigned dropped;  // reports of ours of which nobody was told
  };
  const auto row = GENERATE(values<Row>({
      {spool::Envelope::TO_SENDER, "postmaster", true, 0},
      {spool::Envelope::TO_SENDER, "discard", false, 1},
      {spool::Envelope::TO_POSTMASTER, "postmaster", false, 1},
      {spool::Envelope::NO_REPORT, "postmaster", false, 0},  // somebody else's
  }));
  QueueFixture f;
  f.report = row.report;
  f.notify = "NEVER";
  f.settings.queue.double_bounces = row.double_bounces;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::FAILED, "550 no");
  };
  f.accept("", {"forged@far.test"});
  f.settle();
  CHECK(f.life->reports.sent ==
        (row.told ? Lines{"failed to postmaster about forged@far.test: 550 no"} : Lines{}));
  CHECK((f.logged.find("event=report_not_sent") != std::string::npos) == !row.told);
  CHECK(f.counters.value(metrics::Counter::queue_double_bounces) == (row.told ? 1 : 0));
  CHECK(f.counters.value(metrics::Counter::queue_reports_dropped) == row.dropped);
  CHECK(f.counters.value(metrics::Counter::queue_reports_sent) == 0);
  CHECK(f.life->queue.active() == 0);
}

TEST_CASE("queued notify: a report of ours that expires goes to the postmaster as well",
          "[queued]") {
  QueueFixture f;
  f.report = spool::Envelope::TO_SENDER;
  f.notify = "NEVER";
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  f.accept("", {"a@far.test"});
  const WallTime start = f.clock.now();
  f.settle();
  while (f.advance(start + 2 * 24h)) {
  }
  CHECK(f.life->reports.sent == Lines{"failed to postmaster about a@far.test: 451 later"});
  CHECK(f.life->queue.active() == 0);
}

TEST_CASE("queued notify: what becomes of a recipient is logged with its cause", "[queued]") {
  const auto [outcome, reply, cause] = GENERATE(table<ipc::Outcome, std::string, std::string>({
      {ipc::FAILED, "550 5.1.1 no such user", " cause=bad_address"},
      {ipc::DEFERRED, "452 4.2.2 over quota", " cause=mailbox_full"},
      {ipc::DELIVERED, "250 ok, over quota soon", ""},
  }));
  QueueFixture f;
  f.answer = [&, outcome = outcome, reply = reply](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(outcome, reply);
  };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  const std::size_t found = f.logged.find(" cause=");
  CHECK((found == std::string::npos) == cause.empty());
  if (!cause.empty()) CHECK(f.logged.substr(found).starts_with(cause));
}

}  // namespace queued_notify_test

// fixture.h - a whole queue on a folder of its own, with time, directory, deliveries and reports in
// the test's hand.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/spool/writer.h"
#include "queued/promoted.h"
#include "queued/trash.h"
#include "queued/verbs.h"
#include "tests/unit/queued/acts.h"
#include "tests/unit/queued/fake_directory.h"
#include "tests/unit/temp_directory.h"

namespace postrider::test {

using namespace std::chrono_literals;

class FakeReports final : public queued::Reports {
 public:
  explicit FakeReports(event::EventLoop& loop) : loop_(loop) {}

  std::vector<std::string> sent;  // "ACTION to SENDER about RECIPIENT: REPLY"
  bool broken = false;

  PendingPtr send(const queued::Message& message, queued::ReportKind kind,
                  const std::vector<std::uint32_t>& recipients, WallTime, Done done) override {
    for (const std::uint32_t index : recipients) {
      const queued::Recipient& recipient = message.data.recipients[index];
      if (!broken)
        sent.push_back(std::string(action_of(kind)) + " to " +
                       (message.data.sender().empty() ? "postmaster" : message.data.sender()) +
                       " about " + recipient.address + ": " + recipient.reply);
    }
    loop_.defer([this, done = std::move(done)]() mutable {
      done(broken ? Result<void>(fail(ErrorKind::temporary, "disk full")) : Result<void>());
    });
    return nullptr;
  }

 private:
  event::EventLoop& loop_;
};

// What survives a crash is the folder; everything else is in a Life.
class QueueFixture {
 public:
  QueueFixture() {
    settings.hostname = "mx.local.test";
    settings.paths.data = directory.path();
    settings.queue.retry_interval = 30min;
    settings.queue.lifetime = 5 * 24h;
    settings.queue.bounce_lifetime = 24h;
    settings.queue.delay_warning = 4h;
    settings.queue.double_bounces = "postmaster";
    settings.queue.undo_time = 1h;
    settings.queue.active_limit = 1000;
    settings.queue.destination_concurrency = 20;
    settings.relay.port = 25;
    for (const std::string& folder :
         {paths.incoming(), paths.large(), paths.deferred(), paths.quarantine()})
      REQUIRE(spool::system_disk().make_directory(folder));
    begin_life();
  }

  struct Life {
    explicit Life(QueueFixture& f)
        : directory(loop),
          reports(loop),
          return_paths(loop, directory, f.settings, f.clock),
          router(f.settings, return_paths),
          // In this order: the reader finds what the store has made.
          store{loop, queued::Store::open(spool::system_disk(), f.paths).value(),
                queued::StoreReader::open(spool::system_disk(), f.paths).value()},
          promoted(queued::Promoted::open(f.paths).value()),
          intake(spool::system_disk(), f.paths, f.clock, f.log, f.counters,
                 [this](const MessageId& id) { return promoted.contains(id); }),
          queue({loop, f.settings, spool::system_disk(), f.clock, f.random, f.log, f.counters,
                 router, intake, store, reports, &return_paths}),
          verbs(queue, store, f.settings, f.clock, f.log),
          trash(queue, store, f.settings, f.clock, *f.steady, f.log) {
      const auto reader = queued::StoreReader::open(spool::system_disk(), f.paths).value();
      const auto pauses = reader->pauses().value();
      for (const queued::Pause& pause : pauses) queue.pause(pause);
    }
    event::EventLoop loop;
    FakeDirectory directory;
    FakeReports reports;
    routing::ReturnPaths return_paths;
    routing::Router router;
    queued::StoreThread store;
    queued::Promoted promoted;
    queued::Intake intake;
    queued::Queue queue;
    queued::Verbs verbs;
    queued::Trash trash;
  };

  // As after a start; the earlier life ends as by SIGKILL: nothing is written on the way.
  void begin_life() {
    kept_.clear();
    life.reset();
    life = std::make_unique<Life>(*this);
    life->loop.set_after_turn([this] {
      life->intake.flush();
      if (until_()) life->loop.stop();
    });
    life->intake.scan();
  }

  // Puts a message into the young generation, in a sealed segment.
  std::string accept(const std::string& sender, const std::vector<std::string>& recipients,
                     const std::string& content = "Subject: test\r\n\r\ntext\r\n") {
    return accept_many(1, sender, recipients, content).front();
  }
  // The same message many times; gives the ids.
  std::vector<std::string> accept_many(
      std::size_t count, const std::string& sender, const std::vector<std::string>& recipients,
      const std::string& content = "Subject: test\r\n\r\ntext\r\n") {
    event::EventLoop loop;
    spool::Writer writer(loop, spool::system_disk(), writer_options, clock, random, log, counters,
                         [](const spool::SegmentProgress&) {});
    std::vector<std::string> ids;
    std::vector<PendingPtr> commits;
    std::size_t durable = 0;
    for (std::size_t i = 0; i < count; ++i) {
      auto draft = writer.begin(content.size());
      REQUIRE(draft);
      REQUIRE((*draft)->append(content));
      spool::Envelope envelope;
      ids.push_back((*draft)->id().str());
      envelope.set_id(ids.back());
      envelope.set_arrival_us(clock.now().time_since_epoch().count());
      envelope.set_sender(sender);
      envelope.set_report(report);
      envelope.set_release_us(release.time_since_epoch().count());
      for (const std::string& recipient : recipients) {
        envelope.add_recipients()->set_address(recipient);
        const auto own = notify_of.find(recipient);
        envelope.mutable_recipients()->rbegin()->set_notify(own == notify_of.end() ? notify
                                                                                   : own->second);
      }
      commits.push_back(writer.commit(std::move(*draft), envelope, [&](const Result<void>& ok) {
        REQUIRE(ok);
        if (++durable == count) loop.stop();
      }));
    }
    loop.run();
    clock.advance(1us);  // segments are named by time
    return ids;
  }

  // Lets everything happen that can happen now: jobs are answered by `unreachable` and `answer`, in
  // order, but for those that the deliverd keeps.
  void settle() {
    life->intake.scan();
    life->queue.wake();
    run_until([this] {
      if (hand_out()) return turn_again();
      return life->store.idle() && !runs_on();
    });
  }

  // Does what an operator wants, in memory and on disk; gives how many messages it was.
  Result<std::uint64_t> operate(ipc::AdminRequest::Verb request, const ipc::Filter& filter,
                                const std::string& why = {}) {
    return operate(act_of(request, filter, why), queued::to_text(filter));
  }
  Result<std::uint64_t> operate(const queued::Act& act, const std::string& what) {
    std::optional<Result<std::uint64_t>> end;
    std::uint64_t messages = 0;
    const PendingPtr asked =
        life->verbs.carry_out(act, {.uid = 1, .user = "olga"}, what,
                              [&](const Result<queued::Verbs::Progress>& progress) {
                                if (progress) messages += progress->messages;
                                if (!progress) end = pass_on(progress.error());
                                if (progress && progress->end) end = messages;
                              });
    run_until([&] { return end.has_value() && life->store.idle(); });
    return *end;
  }

  // What an operator sees of what is meant, in memory and on disk.
  std::vector<ipc::QueuedMessage> list(const ipc::Filter& filter,
                                       queued::States states = queued::kAnyState) {
    const queued::Selection selection(filter, states);
    std::vector<ipc::QueuedMessage> messages = life->queue.list(selection);
    std::optional<std::string> after = "";
    while (after) {
      bool answered = false;
      const PendingPtr asked = life->store.read(
          [&](queued::StoreReader& reader) { return reader.list(selection, *after); },
          [&](const Result<queued::Portion>& portion) {
            REQUIRE(portion);
            messages.insert(messages.end(), portion->messages.begin(), portion->messages.end());
            after = portion->last_id;
            if (after->empty()) after.reset();
            answered = true;
          });
      run_until([&] { return answered; });
    }
    return messages;
  }

  // Moves time to where the queue has something to do, and lets it; false at `end`.
  bool advance(WallTime end) {
    const WallTime next = std::max(life->queue.next_wakeup(), clock.now() + 1s);
    if (next >= end) {
      clock.set(end);
      return false;
    }
    clock.set(next);
    settle();
    return true;
  }

  // Sleeps until something comes from the store's threads, unless the next turn has work already.
  void run_until(std::function<bool()> condition) {
    until_ = std::move(condition);
    turn_again();
    life->loop.run();
    until_ = [] { return false; };
  }

  // Of the messages that are accepted.
  WallTime release{};
  spool::Envelope::Report report = spool::Envelope::NO_REPORT;

  // The answer to one recipient of a job; a test replaces it.
  std::function<ipc::RecipientResult(const ipc::Job&, const ipc::JobRecipient&)> answer =
      [](const ipc::Job&, const ipc::JobRecipient&) { return result(ipc::DELIVERED, "250 ok"); };

  // Why the destination of a job cannot be reached, if it cannot; a test sets it.
  std::function<ipc::Unreachable(const ipc::Job&)> unreachable;
  // For how long a job is sent back, if it is; a test sets it.
  std::function<std::chrono::microseconds(const ipc::Job&)> postpones;
  // The jobs that get no answer before answer_kept(); a test replaces it.
  std::function<bool(const ipc::Job&)> keeps = [](const ipc::Job&) { return false; };
  std::size_t local_credit = 1000;  // it takes no local job while it keeps so many
  std::size_t kept() const { return kept_.size(); }
  void answer_kept() {
    for (const queued::Order& order : std::exchange(kept_, {}))
      life->queue.on_result(order.ticket, answer_all(order.job));
  }
  void answer_kept_if(const std::function<bool(const ipc::Job&)>& answered) {
    for (queued::Order& order : std::exchange(kept_, {})) {
      if (answered(order.job)) {
        life->queue.on_result(order.ticket, answer_all(order.job));
      } else {
        kept_.push_back(std::move(order));
      }
    }
  }
  // Their deliverd dies instead.
  void lose_kept() {
    for (const queued::Order& order : std::exchange(kept_, {})) life->queue.on_lost(order.ticket);
  }

  static ipc::RecipientResult result(ipc::Outcome outcome, const std::string& reply) {
    ipc::RecipientResult one;
    one.set_outcome(outcome);
    one.set_reply(reply);
    return one;
  }

  // What a deliverd would read for the job that is being answered.
  std::string content_of(const ipc::Job& job) {
    std::string content(job.length(), '\0');
    content.resize(spool::system_disk().read(source_->fd.get(), job.offset(), content).value_or(0));
    return content;
  }

  std::vector<std::string> files(const std::string& folder) {
    return spool::system_disk().list(folder).value();
  }

  TempDirectory directory;
  spool::Paths paths{directory.path()};
  ManualClock clock;
  const Clock* steady = &clock;  // a test that sets the clock has another, which nobody sets
  SeededRandom random{1};
  std::string logged;
  log::Logger log{"queued", log::Level::info, log::Format::logfmt, clock,
                  [this](std::string_view lines) { logged += lines; }};
  metrics::Counters counters;
  config::Settings settings;
  spool::Writer::Options writer_options{
      .directory = directory.path(), .name = "smtpd0", .large_message = 100'000, .min_free = 0};
  // NOTIFY (RFC 3461) of the recipients of what is accepted, and of single ones.
  std::string notify;
  std::map<std::string, std::string> notify_of;
  std::vector<std::string> attempts;  // "NEXT_HOP: ADDRESS" in the order of the jobs
  std::unique_ptr<Life> life;

 private:
  ipc::JobResult answer_all(const ipc::Job& job) {
    ipc::JobResult all;
    if (postpones) all.set_postponed_us(static_cast<std::uint64_t>(postpones(job).count()));
    if (all.postponed_us() > 0) return all;
    if (unreachable) *all.mutable_unreachable() = unreachable(job);
    if (all.unreachable().reply().empty()) all.clear_unreachable();
    for (const ipc::JobRecipient& recipient : job.recipients()) {
      attempts.push_back(job.next_hop() + ": " + recipient.address());
      *all.add_recipients() = all.has_unreachable()
                                  ? result(ipc::DEFERRED, all.unreachable().reply())
                                  : answer(job, recipient);
      all.mutable_recipients(all.recipients_size() - 1)->set_index(recipient.index());
    }
    return all;
  }

  // Whether there was a job.
  bool hand_out() {
    bool worked = false;
    for (const auto kind : {queued::WorkKind::local, queued::WorkKind::remote})
      while (kind == queued::WorkKind::remote || kept_.size() < local_credit) {
        auto order = life->queue.next_order(kind);
        if (!order) break;
        worked = true;
        source_ = order->source;
        if (keeps(order->job)) {
          kept_.push_back(std::move(*order));
        } else {
          life->queue.on_result(order->ticket, answer_all(order->job));
        }
      }
    return worked;
  }

  // False, and the loop does not sleep before its next turn.
  bool turn_again() {
    life->loop.defer([] {});
    return false;
  }
  // The next turn has something to do.
  bool runs_on() {
    return event_base_get_num_events(life->loop.raw(), EVENT_BASE_COUNT_ACTIVE) > 0;
  }

  std::vector<queued::Order> kept_;
  std::function<bool()> until_ = [] { return false; };
  queued::SourcePtr source_;  // of the job that is being answered
};

}  // namespace postrider::test

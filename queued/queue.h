// queue.h - the life of each message between the spool and its recipients' fates.
//
//   taken in (young or old) -> routed -> scheduled -> attempted -> the attempt ends:
//     its sender is told of failures, and of successes if that was asked for, and when the reports
//     are durable
//       nothing left        -> finished: .done entry, or the row removed
//       some deferred       -> promoted to the old generation, or rescheduled in it
//       all turned away     -> the same, behind their destination: no attempt was made
//
// Owns no thread, no socket, no timer: time is handed in through the clock and wake(), work is
// asked for by next_order() and answered by on_result(). So a test runs five days in milliseconds.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/random.h"
#include "common/config/settings.h"
#include "common/ipc/messages.pb.h"
#include "common/log/log.h"
#include "common/metrics/counters.h"
#include "common/routing/return_paths.h"
#include "common/routing/router.h"
#include "common/spool/disk.h"
#include "queued/act.h"
#include "queued/ages.h"
#include "queued/intake.h"
#include "queued/order.h"
#include "queued/recall.h"
#include "queued/reports.h"

namespace postrider::queued {

class Queue final : private Recall::Owner {
 public:
  // What the queue is made of; all outlive it.
  struct Parts {
    event::EventLoop& loop;
    const config::Settings& settings;
    spool::Disk& disk;
    const Clock& clock;
    Random& random;
    log::Logger& log;
    metrics::Counters& counters;
    routing::Router& router;
    Intake& intake;
    StoreThread& store;
    Reports& reports;
    routing::ReturnPaths* return_paths = nullptr;  // none: a reverse-path is never rewritten
  };

  // Recipients of one job at most, so that one reply answers a bounded question.
  static constexpr std::size_t kRecipientsPerJob = 100;
  // Messages of the young generation that one turn takes in.
  static constexpr std::size_t kYoungPortion = 500;
  // While memory is full, how often it is looked for a destination that does not keep up; and how
  // long none is judged when the deliverds of a kind came.
  static constexpr std::chrono::seconds kReliefInterval{1};
  // Nor when the last of them left, as on a reload.
  static constexpr std::chrono::seconds kAbsence{10};
  // While memory as a whole is finished soon, every destination may have the kParts-th part of it.
  static constexpr std::size_t kParts = 50;
  // A message whose deliverd died this often waits for its next attempt instead.
  static constexpr unsigned kMaxLosses = 3;
  // How many recipients failures() remembers.
  static constexpr std::size_t kFailures = 50;
  // When what could not be written is tried again.
  static constexpr std::chrono::seconds kWriteRetry{10};

  explicit Queue(const Parts& parts);
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Called when there is something to be asked by next_order().
  void set_on_work(std::function<void()> on_work) { on_work_ = std::move(on_work); }

  // Whether a deliverd of this kind is there. While none is of either, no destination can show that
  // it keeps up, and none is relieved: memory fills to its limit, and what comes after waits in its
  // segments.
  void set_served(WorkKind kind, bool served);

  // Takes in what there is and what is due now. Call when a segment grew, when next_wakeup() has
  // come, after an operator's verb.
  void wake();
  // wake(), once this turn is over: for notices that come in dozens.
  void wake_later();
  // Something in the old generation may be due now, and destinations that are down are to be
  // probed: an operator said so.
  void look_again();
  // When wake() has something to do at the latest.
  WallTime next_wakeup() const;

  // The next job of this kind, now under way until on_result() or on_lost().
  std::optional<Order> next_order(WorkKind kind);
  void on_result(std::uint64_t ticket, const ipc::JobResult& result);
  // The deliverd went away before it answered.
  void on_lost(std::uint64_t ticket);

  // Jobs that were handed out and not answered.
  std::size_t under_way() const noexcept { return tickets_.size(); }
  // Messages in memory.
  std::size_t active() const noexcept { return active_.size(); }
  std::int64_t oldest_us() const;
  AgeCounts ages() const;
  // Who was refused for good or given up, the newest last.
  const std::deque<ipc::Failure>& failures() const noexcept { return failures_; }

  // The operator's view of what is in memory, and the verbs that touch it.
  std::vector<ipc::QueuedMessage> list(const Selection& selection) const;
  // A row for each destination and state of what is being attempted.
  std::vector<ipc::SummaryRow> summarize() const;
  // Nothing more goes to the destination, or to the domain; what stands in line goes behind it.
  void pause(const Pause& pause);
  // False: it was not paused.
  bool resume(const std::string& destination);
  const std::map<std::string, Pause>& pauses() const noexcept { return scheduler_.pauses(); }
  // The destinations that are down; how much waits for each the store knows.
  std::vector<ipc::Outage> outages() const;
  Message* find(const MessageId& id);
  // Does what an operator wants to what is meant and in memory, and until end_act() to what comes
  // into memory, as soon as no job for it is under way; gives how many are meant now. `act`
  // outlives that; `number` is its own.
  std::uint64_t begin_act(const Act& act, std::uint64_t number);
  // Gives how many that are meant have come since.
  std::uint64_t end_act(std::uint64_t number);
  // Erased from the old generation for an operator: the log accounts for each recipient.
  void log_deleted(const MessageData& data);
  // The content for an operator, or why not.
  Result<SourcePtr> open_source(Message& message);

 private:
  std::size_t room() const override;
  bool may_judge(WallTime now) const;
  Memory memory(WallTime now) const;
  void on_recalled(MessageData data, const std::string& called_by) override;
  void on_portion_ended() override { wake_later(); }
  void on_store_asked(const Error* failure) override {
    failure == nullptr ? db_failing_.passed() : note_failure(db_failing_, failure->text);
  }

  void start(std::unique_ptr<Message> message);
  void drop_copy(const Message& message);
  static bool wish(const Act& act, Message& message);
  void retry_writes(WallTime now);
  void route(Message& message);
  void apply_route(Message& message, std::uint32_t index, routing::RouteAnswer answer);
  void expand(Message& message, std::uint32_t index, bool several);
  void apply_target(Message& message, std::uint32_t index, routing::Target target);
  void dispatch(Message& message);
  bool wants_return_path(const Message& message) const;
  void find_return_path(Message& message);
  void defer_forwarded(Message& message);
  void fail_work(const Work& work, const Error& error);
  void take_up_later(const Work& work, std::chrono::microseconds wait);
  void take_result(const Work& work, Reception reception, const ipc::JobResult& result);
  void end_job(const Work& work, Reception reception, const ipc::Unreachable& unreachable);
  void apply_result(Message& message, Recipient& recipient, const ipc::RecipientResult& result);
  void note_delivered(Message& message, std::uint32_t index, std::optional<ReportKind> success);
  void keep_delivered(Message& message, const Recipient& recipient);
  void attempt_ended_if_so(Message& message);

  // Into lines, or to wait for a destination.
  void schedule(Work work);
  void schedule_all(Message& message, const std::vector<std::uint32_t>& recipients);
  // Works that did not begin, behind what is paused now.
  void schedule_again(const std::vector<Work>& works);
  void await_domain(Recipient& recipient) const;
  bool is_for_paused_domain(const Work& work) const;
  void put_behind_domain(const Work& work);
  void relieve(WallTime now);
  void turn_away(Recipient& recipient, const Reason& reason);
  // Their jobs do not come about.
  void stop(std::vector<Work> works, RecipientState state);
  bool awaits_release(const Message& message) const;
  Schedule plan(Message& message);

  // The steps at the end of an attempt; each goes on to the next.
  static void take_back_failures(Message& message);
  void end_attempt(Message& message);
  bool waits_its_turn(const MessageData& data) const;
  void report(Message& message);
  bool is_double_bounce(const MessageData& data, ReportKind kind) const;
  void log_not_sent(const MessageData& data);
  void note_reported(Message& message);
  void note_failed(const Message& message, const Recipient& recipient);
  void remember_failed(const Message& message, const Recipient& recipient);
  void warn_of_delay(Message& message);
  void conclude(Message& message);
  void expire(Message& message);
  void quarantine(Message& message);
  void give_up(Message& message, std::string_view why);
  void finish(Message& message);
  void end(Message& message);
  void postpone(Message& message, Schedule schedule);
  void note_failure(log::Condition& condition, const std::string& reason);
  void retry_write_later(Message& message);
  void retry_write(Message& message);
  void forget(const Message& message);

  WallTime expires(const Message& message) const;
  void log_wait(const MessageData& data, WallTime until);
  void log_end(const MessageData& data);
  void log_fate(const Message& message, const Recipient& recipient, std::string_view event);

  const Parts parts_;
  Scheduler scheduler_;
  Recall recall_;
  std::function<void()> on_work_ = [] {};
  std::unordered_map<std::string, std::unique_ptr<Message>> active_;  // by id
  struct RunningAct {
    const Act& act;
    std::uint64_t came = 0;  // into memory since it began, and were meant
  };
  std::map<std::uint64_t, RunningAct> acts_;  // by number: in the order in which they began
  std::unordered_map<std::uint64_t, Work> tickets_;
  std::uint64_t last_ticket_ = 0;
  bool wake_queued_ = false;
  std::vector<std::pair<WallTime, std::string>> write_retries_;
  bool local_served_ = true;
  bool remote_served_ = true;
  WallTime judge_from_;
  Pace pace_{WallTime()};               // of all attempts together
  std::deque<ipc::Failure> failures_;   // at most kFailures
  std::optional<WallTime> full_since_;  // or since memory was relieved last
  log::Condition db_failing_;
  log::Condition reports_failing_;
  log::Condition content_unreadable_;
  log::Condition srs_key_unreadable_;
};

}  // namespace postrider::queued

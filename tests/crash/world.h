// world.h - the suite in one process, on one directory: smtpd's writer, queued, deliverd@local;
// with time, chance, directory and the other servers in the test's hand.
//
// Other servers take mail for ok@remote.test at once, for later@remote.test from ten minutes after
// its arrival on, and for never-<number>@remote.test never. Everybody at local.test has a mailbox;
// a message to held@local.test is held for an hour at its sender's wish.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "common/spool/writer.h"
#include "deliverd/local/local_delivery.h"
#include "queued/promoted.h"
#include "queued/queue.h"
#include "queued/report_writer.h"
#include "tests/crash/ledger.h"
#include "tests/unit/queued/fake_directory.h"

namespace postrider::crash {

// The parts of an instance.
inline std::string spool_of(const std::string& root) { return root + "/spool"; }
inline std::string mail_of(const std::string& root) { return root + "/mail"; }

// Stands still but for a microsecond at each look: segments are named by time.
class SteppingClock final : public Clock {
 public:
  explicit SteppingClock(WallTime start) : now_(start.time_since_epoch().count()) {}
  WallTime now() const noexcept override { return WallTime(std::chrono::microseconds(++now_)); }
  void set(WallTime time) { now_ = time.time_since_epoch().count(); }

 private:
  mutable std::atomic<std::chrono::microseconds::rep> now_;
};

class World {
 public:
  // Starts everything on the instance in `root`, and makes it if it is not there. `life` differs
  // between the lives of one instance: time goes on, and chance is another.
  World(const std::string& root, Ledger& ledger, unsigned life);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // The letters arrive at once; each is accepted or refused when it returns.
  void accept(const std::vector<std::size_t>& letters);
  // Lets everything happen that can happen now.
  void settle();
  // Lets time pass until nothing is left to be done, or nothing can be done as the disk fails, or
  // `limit` has passed.
  void run(std::chrono::hours limit);

  // queue.db was found damaged, and nothing goes on before the next life.
  bool damaged() const noexcept { return damaged_; }

  // The operator's verbs: on all that waits in the old generation, or on one letter. False: it
  // failed.
  bool hold();
  bool release();
  bool erase(std::size_t letter);
  // So that it can be brought back, until the trash is swept.
  bool remove(std::size_t letter);
  bool bring_back(std::size_t letter);
  void sweep();

  const std::string& log() const noexcept { return logged_; }

 private:
  static config::Settings settings_of(const std::string& root);

  Result<bool> is_promoted(const MessageId& id);
  void begin_accepting(std::size_t letter);
  void run_until(const std::function<bool()>& condition);
  // Hands out work and answers for the other servers; whether there was any.
  bool pump();
  ipc::JobResult answer(const ipc::Job& job);
  bool idle() const;
  // Asks the store and waits for the answer.
  template <typename Question>
  auto ask(Question question);
  ipc::Filter of(std::size_t letter) const;
  Result<queued::Changed> carry_out(ipc::AdminRequest::Verb request, const ipc::Filter& filter);

  Ledger& ledger_;
  const config::Settings settings_;
  const spool::Paths paths_;
  SteppingClock clock_;
  SeededRandom random_;
  std::string logged_;
  log::Logger log_;
  metrics::Counters counters_;
  event::EventLoop loop_;
  test::FakeDirectory directory_;
  routing::Router router_;
  queued::StoreThread store_;
  queued::Promoted promoted_;
  queued::Intake intake_;
  spool::Writer reports_writer_;
  queued::ReportWriter reports_;
  queued::Queue queue_;
  spool::Writer writer_;
  quota::Rooms rooms_;
  deliverd::LocalDelivery local_;
  std::vector<PendingPtr> arriving_;
  std::size_t unanswered_ = 0;
  bool damaged_ = false;
};

}  // namespace postrider::crash

// sweeper.h - goes through all mailboxes, slowly, and removes what time removes (maildir/sweep.h).
//
// In one worker alone, beside the sessions: a round each interval, one mailbox after the other, so
// many a second. Where two hosts have one mail directory both do it, and the lock of a mailbox says
// who removes. The directory is asked what holds for each mailbox: of one that it does not know or
// cannot tell of, nothing is removed. What blocks is on a thread of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "common/base/clock.h"
#include "common/base/pending.h"
#include "common/directory/keepings.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/log/log.h"
#include "common/maildir/mailboxes.h"
#include "common/maildir/sweep.h"
#include "common/quota/full_marks.h"

namespace postrider::pop3d {

struct SweeperOptions {
  std::string mail_directory;
  maildir::Remembrance remembrance = {};
  maildir::SweepRules rules = {};         // where the directory says nothing
  std::chrono::microseconds interval{0};  // from round to round
  std::uint64_t rate = 20;                // mailboxes a second
};

class Sweeper {
 public:
  // The first round begins this long after the start, or an interval where that is shorter.
  static constexpr std::chrono::seconds kFirst{60};
  // Mailboxes of which it is remembered that they cannot be read, so that it is said once.
  static constexpr std::size_t kTold = 1000;

  // Precondition: interval > 0. All outlive it.
  Sweeper(event::EventLoop& loop, directory::Keepings& directory, const Clock& clock,
          log::Logger& log, const quota::FullMarks& full_marks, SweeperOptions options);
  // Waits for the visit that is under way.
  ~Sweeper() = default;
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

  // Visits no more mailboxes. At once; the visit under way goes on to its end.
  void stop();

 private:
  struct Round {
    std::uint64_t mailboxes = 0, removed = 0, octets = 0, emptied = 0, leftovers = 0;
    std::uint64_t in_use = 0, unknown = 0, not_read = 0, unanswered = 0;
  };
  struct Visited {
    Fd maildir;  // that was lent
    Result<maildir::Swept> swept;
  };

  void go_on();
  void begin_round();
  void on_found(std::optional<maildir::FoundMailbox> found);
  void on_keeping(const Result<std::optional<directory::Keeping>>& keeping);
  void visit();
  void on_visited(Visited visited);
  void on_swept(const maildir::Swept& swept);
  void finish_mailbox();
  void end_round();
  void tell_not_read(const Error& error);

  event::EventLoop& loop_;
  directory::Keepings& directory_;
  const Clock& clock_;
  log::Logger& log_;
  const quota::FullMarks& full_marks_;
  const SweeperOptions options_;
  event::Timer timer_;  // to the next mailbox, or round
  std::chrono::microseconds begun_{0};
  std::shared_ptr<maildir::Mailboxes> mailboxes_;  // null: between two rounds. Second owner: a job
  Round round_;
  std::string mailbox_;  // the one that is visited
  Fd maildir_;
  maildir::SweepRules rules_;  // its
  maildir::Swept swept_;       // from it so far
  std::unordered_set<std::string> told_;
  PendingPtr pending_;
  event::WorkerPool thread_;  // the last: its jobs end before what they were lent
};

}  // namespace postrider::pop3d

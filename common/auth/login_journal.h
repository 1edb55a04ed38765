// login_journal.h - takes note of logins for the operator: when each user was last there, and how
// often somebody has failed since.
//
// Written behind the logins, some seconds' worth at a time, by a thread of its own: no login waits
// for it, or fails with it. What was not written when the process dies is forgotten; of a table
// that cannot be written the log tells. No more than the last users' are kept until it can.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/auth/login_table.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/log/condition.h"
#include "common/net/address.h"

namespace postrider::auth {

class LoginJournal {
 public:
  static constexpr std::chrono::seconds kWriteEvery{5};
  // Users of whom something is not written yet; of further ones nothing is noted.
  static constexpr std::size_t kMaxUnwritten = 100'000;

  // All outlive it. `path` as of LoginTable.
  LoginJournal(event::EventLoop& loop, const Clock& clock, log::Logger& log, std::string path);
  // Writes what is left, unless the thread is at it: then what came since is forgotten.
  ~LoginJournal();

  // `mailbox` is that of a user there is, so that nobody fills the disk with invented ones.
  void note_login(std::string_view mailbox, const net::IpAddress& client);
  void note_failure(std::string_view mailbox, const net::IpAddress& client);

 private:
  LoginRecord* record_of(std::string_view mailbox);
  LoginRecord::Event event_of(const net::IpAddress& client) const;
  void write();
  void on_written(const Result<void>& written);

  const Clock& clock_;
  const std::string path_;
  LoginRecords unwritten_;
  LoginRecords writing_;  // read by the thread, and not touched meanwhile
  log::Condition unwritable_;
  event::Timer timer_;
  event::WorkerPool thread_;
  PendingPtr write_;
};

}  // namespace postrider::auth

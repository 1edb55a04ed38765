// recount.h - counts the mailboxes whose count was asked for: by smtpd, which has refused mail for
// a full one and would rather know of what its user has removed since, and by who has removed it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/pending.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/log/condition.h"
#include "common/quota/rooms.h"

namespace postrider::deliverd {

struct Recounted {
  std::vector<std::string> counted;  // mailboxes
  std::string uncountable, trouble;  // the last that cannot be read, and why; empty: none
};

// Each of the mailboxes, at most `most`. One that cannot be read is unknown, and is not tried again
// until somebody asks anew: it keeps no place from others. One whose turn did not come in time
// waits for the next round. Blocks.
Recounted recount(quota::Rooms& rooms, int mail_directory, const Clock& clock, std::size_t most);

class Recount {
 public:
  // How often it is looked whether there is something to count.
  static constexpr std::chrono::seconds kInterval{2};
  // Mailboxes that are counted at once, before a delivery may have its turn.
  static constexpr std::size_t kMost = 16;

  // All outlive it; `mail_directory` is a descriptor of paths.mail.
  Recount(event::EventLoop& loop, event::WorkerPool& threads, quota::Rooms& rooms,
          int mail_directory, const Clock& clock, log::Logger& log);

 private:
  void look();
  void tell(const Recounted& recounted);

  event::WorkerPool& threads_;
  quota::Rooms& rooms_;
  const int mail_directory_;
  const Clock& clock_;
  log::Condition uncounted_;
  std::string uncountable_;  // with which it holds
  event::Timer timer_;
  PendingPtr under_way_;
};

}  // namespace postrider::deliverd

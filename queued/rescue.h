// rescue.h - a queue.db that is damaged: kept for people, and what can be read of it carried over.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/log/log.h"
#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "queued/store.h"

namespace postrider::queued {

struct Rescued {
  std::string kept;                // where the damaged file is now
  std::uint64_t carried_over = 0;  // messages
};

// Whether an earlier queued found queue.db damaged while it worked.
Result<bool> is_marked_damaged(spool::Disk& disk, const spool::Paths& paths);
// Has the next start set queue.db aside.
Result<void> mark_damaged(spool::Disk& disk, const spool::Paths& paths);

// Ends a rescue that a crash cut short; first thing at a start. Does nothing if there was none.
Result<void> finish_rescue(spool::Disk& disk, const spool::Paths& paths);

// Opens queue.db; one that is damaged is rescued first, as it must not stop other mail, and `log`
// is told. Where it was marked and is gone, an operator took it away, and a new one is begun.
// Nobody else has the spool.
Result<std::unique_ptr<Store>> open_store(spool::Disk& disk, const spool::Paths& paths,
                                          log::Logger& log, WallTime now);

// Puts queue.db into quarantine/, as it was found, and a new one into its place, with each message
// whose row and recipients can be read. Content stays where it is: what was not carried over has
// its content under deferred/, without a row. After an Error all is as it was, but for the mark and
// the name in quarantine/, which the next try uses again. Nobody else has the spool.
Result<Rescued> rescue_queue_db(spool::Disk& disk, const spool::Paths& paths, WallTime now);

}  // namespace postrider::queued

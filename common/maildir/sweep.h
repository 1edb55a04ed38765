// sweep.h - what time removes from one mailbox: messages above their retention, those that were
// long enough in the trash, and what crashes have left.
//
// The names alone are read first, without the lock, so that a visit to a mailbox where nothing has
// come of age costs two readings of a directory. What is removed goes through the journal
// (deletion_journal.h) and into the trash as what a reader deletes, under the lock of the mailbox.
// A tmp/, new/ or cur/ that is a symbolic link is an error, and nothing is removed. Blocks: for
// worker threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/maildir/mailbox.h"

namespace postrider::maildir {

struct SweepRules {
  std::chrono::seconds retention{0};  // 0: for ever
  std::chrono::seconds trash{0};      // 0: there is none, and what is in it goes
};

struct Swept {
  // Messages that one visit removes: the lock is held for a second or so, not for minutes.
  static constexpr std::size_t kAtOnce = 10'000;

  std::uint64_t removed = 0;      // messages
  std::uint64_t octets = 0;       // theirs, as POP3 counts them
  std::uint64_t not_removed = 0;  // that should be gone, and could not be removed
  std::string fault;              // why the first of these could not be; empty: of the trash
  std::uint64_t emptied = 0;      // messages of the trash
  std::uint64_t leftovers = 0;    // files of tmp/
  std::uint64_t finished = 0;     // files that sessions before had promised to remove
  std::uint64_t restored = 0;     // of these: brought back since, and served
  bool in_use = false;            // somebody else holds the mailbox
  bool more = false;              // there is more to be removed: come again

  bool did_anything() const noexcept {
    return removed + not_removed + emptied + leftovers + finished + restored > 0;
  }
  // Mail went, whoever had promised it.
  bool made_room() const noexcept { return removed + finished > 0; }
  // Another visit to the same mailbox, to go on. What cannot be removed it may find again.
  void add(const Swept& visit);
};

// `maildir` is open on the Maildir. Whether `remembrance` has a trash, `rules` say.
Result<Swept> sweep(const Fd& maildir, const SweepRules& rules, WallTime now,
                    const Remembrance& remembrance);

// What it would remove, all of it, with octets as on disk. Changes nothing, and asks for no lock.
Result<Swept> would_sweep(const Fd& maildir, const SweepRules& rules, WallTime now);

}  // namespace postrider::maildir

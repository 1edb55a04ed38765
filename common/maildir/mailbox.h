// mailbox.h - one mailbox, held exclusively: its messages listed, read and removed.
//
// Whoever holds the Mailbox is alone among all who open it here (mailbox_lock.h). Deliveries and
// other Maildir programs do not ask for the lock: a message that they rename meanwhile is found
// again by its base, and one that they remove is gone.
//
// Messages are removed all or not at all: what remove() was asked for is in the mailbox's journal
// (deletion_journal.h) before the first file goes, and open() finishes what a crash has
// interrupted, but leaves alone what was brought back since. Where there is a trash (trash.h) they
// go there, and may come back from it.
//
// Every call but read_cached() blocks: for worker threads. One at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/boot_id.h"
#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/maildir/deletion_journal.h"
#include "common/maildir/listing.h"
#include "common/maildir/message_reader.h"
#include "common/maildir/scan.h"
#include "common/maildir/trash.h"
#include "common/maildir/whereabouts.h"

namespace postrider::maildir {

// How deletions are remembered, and where to messages go.
struct Remembrance {
  // As long as the queue may repeat a delivery: its lifetime, and a day.
  std::chrono::seconds keep = std::chrono::hours(24 * 6);
  std::string boot;    // boot_id()
  bool trash = false;  // there is one: nothing is removed for good
};

// By queue.lifetime, in this run of the kernel.
inline Remembrance remembrance(std::chrono::seconds lifetime) {
  return {.keep = lifetime + std::chrono::hours(24), .boot = boot_id()};
}

class Mailbox {
 public:
  // Opens `mailbox` (user@domain as the directory knows it) below `mail_directory` and lists it.
  // Null: somebody else holds it. A mailbox that nothing was delivered to yet is empty.
  static Result<std::unique_ptr<Mailbox>> open(const std::string& mail_directory,
                                               const std::string& mailbox, WallTime now,
                                               const Remembrance& remembrance = {});

  // The same for the Maildir that `directory` is open on; errors name files below it.
  static Result<std::unique_ptr<Mailbox>> open(Fd directory, WallTime now,
                                               const Remembrance& remembrance);

  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // The messages as they were at open(). Never changes, so it may be read from another thread.
  const Listing& listing() const noexcept { return scan_.listing; }
  std::uint64_t skipped() const noexcept { return scan_.skipped; }
  const std::string& skipped_example() const noexcept { return scan_.example; }

  // What open() did about the deletions of sessions before.
  const Finished& finished() const noexcept { return scan_.finished; }

  // Octets of the journal of deletions that were damaged when it was opened; see
  // DeletionJournal::damaged().
  std::size_t damaged_journal() const noexcept { return damaged_journal_; }

  // Begins to read message `i`. The error is not_found when it is gone, and temporary when its file
  // is not as long as its name says.
  Result<MessageReader> read(std::size_t i, std::optional<std::uint64_t> body_lines,
                             Form form = Form::original);
  // The same without waiting for the disk. Nothing: that is not possible.
  std::optional<MessageReader> read_cached(std::size_t i, std::optional<std::uint64_t> body_lines,
                                           Form form = Form::original) const;

  // Removes the messages at `now` and returns how many are still there for a reason other than that
  // somebody removed them before. When all are still there nothing was promised; of others, those
  // that are left go when the mailbox is opened again. Call once.
  std::size_t remove(const std::vector<std::size_t>& messages, WallTime now);
  // Why the first of those that remove() left is still there; empty: none is.
  const std::string& removal_fault() const noexcept { return removal_fault_; }

  // Brings messages back from the trash by their names there, with the names that they had, and
  // makes them durable. One whose message or unique-id the mailbox has stays in the trash. The
  // journal forgets them first, so that nobody deletes them again. After an error all of them are
  // in the mailbox or in the trash, and the same call goes on. Call once, on a mailbox that has a
  // directory.
  struct Undeleted {
    std::vector<std::string> names;    // of those that are back, as they were given
    std::vector<std::string> already;  // of those that the mailbox has
    std::vector<std::string> faults;   // why others are not
  };
  Result<Undeleted> undelete(const std::vector<std::string>& names);

  // Lets go of the lock, for the next who opens it. Only listing() may be asked after that.
  void release() noexcept { lock_.reset(); }

 private:
  Mailbox() = default;

  Result<void> scan_and_finish(WallTime now);
  void sync_finished();
  std::string path_of(std::size_t i) const;
  Form form_of(std::size_t i, Form wanted) const;
  // Where the message is when it is not at path_of(); not_found: nowhere.
  Result<std::string> find_renamed(std::size_t i);
  // Reads where all files are now. The errno, or 0.
  int look_around();
  // Removes the file, or moves it to the trash. The errno, or 0.
  int dispose_of(const std::string& path, WallTime now);
  int remove_one(std::size_t i, WallTime now);
  int remove_renamed(std::size_t i, std::vector<std::string> removed, WallTime now);
  Result<void> open_trash();
  // Makes durable what a repeated delivery would have brought again.
  Result<void> sync_young(const std::vector<std::size_t>& messages, WallTime now) const;

  Fd directory_;  // the Maildir; empty: there is none yet
  Fd lock_;
  std::optional<DeletionJournal> journal_;
  std::size_t damaged_journal_ = 0;
  Scan scan_;
  Remembrance remembrance_;
  std::optional<Trash> trash_;  // once it is needed
  std::string removal_fault_;
  std::optional<Whereabouts> whereabouts_;  // once a message was not where it was listed
};

}  // namespace postrider::maildir

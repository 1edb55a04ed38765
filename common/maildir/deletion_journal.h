// deletion_journal.h - what the readers of a mailbox have deleted: postrider.deleted in its
// Maildir.
//
// A session's deletions are durable here, as one batch, before the first file is removed. So a
// crash leaves all of its messages or, once the mailbox was opened again, none; and deliverd, which
// may have to repeat a delivery after a crash, finds that its earlier result was read and deleted.
//
//   batch on disk         files         what it is, and who goes on
//   none, or not whole    all there     nothing was promised; the next append() cuts it off
//   whole                 some there    promised, if it is synced; who opens the mailbox next syncs
//                                       it, removes the rest and says "removed"
//   whole, "removed"      gone          remembered until it is too old to matter, then forgotten;
//                                       the journal's name is durable
//   the same, but in an   may be back   as the second: the power may have been cut before a
//   earlier run of the                  directory was synced
//   kernel
//
// A promise is for the files that were there: one that came, or was renamed, more than kClockSlack
// after its batch was brought back, from a backup or by hand, and is left alone. What a power cut
// brings back was changed before it was removed, and a delivery that is repeated asks
// was_deleted().
//
// The mailbox's lock is needed for all but was_deleted(). Everything blocks: for worker threads.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/maildir/deletions.h"

namespace postrider::maildir {

inline constexpr const char* kJournalName = "postrider.deleted";
// Where a journal is kept that is damaged; of further ones with a number.
inline constexpr const char* kDamagedJournalName = "postrider.deleted.damaged";

class DeletionJournal {
 public:
  // A journal of this size is looked through for what is out of date; half of it must be.
  static constexpr std::size_t kTidyAt = 65536;
  // What is remembered beyond this is forgotten, the oldest first: some 120,000 messages.
  static constexpr std::size_t kRemembered = std::size_t{8} << 20;
  // By so much the clock of the file system may be ahead of ours.
  static constexpr std::chrono::seconds kClockSlack{60};
  // A batch that would make it larger is not written. A million messages of ours take 67 MB.
  static constexpr std::size_t kMaxSize = std::size_t{256} << 20;

  // Reads it; `maildir` is a descriptor of the Maildir that outlives it. There need be none yet.
  // The error is corrupt for what no program can read: put_aside() mends that.
  static Result<DeletionJournal> open(int maildir, std::string boot);

  // Deletions were promised whose files may still be there.
  bool unfinished() const noexcept { return !finished_; }
  // Whether this base is among those that were found by open().
  bool is_to_be_removed(std::string_view base) const { return promised_at(base).has_value(); }
  // The same, of a file that was last changed then: st_ctim, in seconds.
  bool is_to_be_removed(std::string_view base, std::int64_t changed) const {
    const auto promised = promised_at(base);
    return promised && changed <= *promised + kClockSlack.count();
  }
  // To be called before the first of them is removed: their writer may have died before it was
  // durable.
  Result<void> sync();

  // Adds a batch, durable when this returns. After an error nothing was promised.
  Result<void> append(WallTime now, const std::vector<std::string_view>& bases);
  // Whether append() failed as the disk, the quota or kMaxSize has no room for it.
  bool is_out_of_room() const noexcept { return out_of_room_; }
  // All that was ever deleted is gone. What open() found is of no more use, and its memory free.
  void note_removed();

  // Octets in the midst of it that say nothing any more; what they remembered is not known.
  std::size_t damaged() const noexcept { return damaged_; }
  // Writes what is whole anew, after a copy of the journal was put aside. Durable when this
  // returns; open it again then.
  Result<void> mend();
  // Gives the journal of a Maildir another name, so that a new one can begin.
  static Result<void> put_aside(int maildir);

  // Forgets these bases, in all batches; durable when this returns. Precondition: what was promised
  // is removed.
  Result<void> forget(const std::vector<std::string_view>& bases);

  // Forgets what is older than `keep`, where that is most of it, and what nobody delivers again,
  // once the files are gone for good. Precondition: !unfinished().
  Result<void> tidy(WallTime now, std::chrono::seconds keep);

 private:
  DeletionJournal(int maildir, std::string boot) : maildir_(maildir), boot_(std::move(boot)) {}

  // When the message was deleted, the last time.
  std::optional<std::int64_t> promised_at(std::string_view base) const;
  Result<void> failed_to_append(int error);
  int write(std::string_view bytes);
  Result<void> replace(std::string_view text);
  Result<void> replace_removed(std::string_view text);

  int maildir_;
  std::string boot_;
  Fd file_;             // empty: not there
  bool named_ = false;  // its name is durable
  std::size_t whole_ = 0;
  std::size_t damaged_ = 0;
  bool finished_ = true;
  bool out_of_room_ = false;
  std::unique_ptr<const std::string> text_;  // as open() found it
  struct Promise {
    std::string_view key;  // in text_; see message_key()
    std::int64_t seconds;
    auto operator<=>(const Promise&) const = default;
  };
  std::vector<Promise> to_be_removed_;  // in order
};

// Whether a reader has deleted the message with this base from the mailbox. Needs no lock: the
// batch is there, whole, before the file goes.
Result<bool> was_deleted(int mail_directory, const std::string& mailbox_path,
                         std::string_view base);

}  // namespace postrider::maildir

// scan.h - reads which messages a mailbox holds, and tidies what a crash left behind.
//
// Blocks: for worker threads. Sizes come from the names, so no mail is read, except that a file of
// another program without S= or W= is read once and renamed, so that they are known from then on.
// Renamed as well are files whose unique-id is taken (listing.h). Removed, or moved to the trash,
// is what a session before has promised to remove (deletion_journal.h), unless it was brought back
// since. Not served, and left alone: directories and other things that are not files, names that
// begin with a dot, and files whose size is not what S= says (torn by a power cut: the repeated
// delivery replaces them).
//
// To look at each file is what takes longest. Only a power cut leaves torn files, so that once all
// sizes were looked at in a run of the kernel they are taken from the names; whoever reads a
// message looks again (Mailbox::read).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/maildir/deletion_journal.h"
#include "common/maildir/listing.h"
#include "common/maildir/trash.h"

namespace postrider::maildir {

// Files in tmp/ that nobody has written for this long are removed (maildir(5): 36 hours).
inline constexpr std::chrono::hours kTmpLife{36};

// What became of files of messages that sessions before have promised to remove.
struct Finished {
  std::uint64_t removed = 0;   // went now
  std::uint64_t restored = 0;  // were brought back since: listed
  // Are to be removed and cannot be: not listed, and not counted as skipped.
  std::uint64_t not_removed = 0;
  std::string fault;  // why the first of these cannot be
};

struct Scan {
  Listing listing;
  std::uint64_t skipped = 0;
  std::string example;  // one that was skipped and why, for the log
  Finished finished;
  std::optional<Trash> trash;  // once a file was to go there
};

// What is done with files that are to be removed.
enum class Removal : std::uint8_t { for_good, to_trash };

// Removes what is older than kTmpLife from tmp/, and returns how many files. Needs no lock.
std::uint64_t remove_leftovers(int maildir, WallTime now);

// Whether all sizes were looked at in this run of the kernel, and none contradicted its name.
enum class Looked : std::uint8_t { never, before };

// `maildir` is a descriptor of the Maildir directory; the caller has its lock. A missing new/ or
// cur/ is empty. The trash is opened for the first file that goes there; where that cannot be, none
// goes. It is for the caller to sync it.
Result<Scan> scan(int maildir, WallTime now, const DeletionJournal& journal, Looked looked,
                  Removal removal);

}  // namespace postrider::maildir

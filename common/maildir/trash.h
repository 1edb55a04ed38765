// trash.h - messages that were deleted and may come back: postrider.trash in a Maildir.
//
//   name = "T" seconds "," file-name     seconds since 1970: when it was deleted
//
// A message comes here by one rename, after the journal of deletions holds it (deletion_journal.h),
// and goes back by one (Mailbox::undelete()). So it is in its mailbox or here, whenever a program
// or the power dies, and never nowhere: the folder's own name is durable before the first rename.
// The file keeps its name; one that would become too long gets a shorter one that says its
// unique-id. Other files in the folder are not ours, and are left alone. Blocks: for worker
// threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"

namespace postrider::maildir {

inline constexpr const char* kTrashFolder = "postrider.trash";

// What the name of a file in the trash says; `file_name` is a view into it.
struct TrashName {
  std::int64_t seconds = 0;
  std::string_view file_name;

  static std::optional<TrashName> parse(std::string_view name) noexcept;
};
// The name in the trash of the file `file_name`; NAME_MAX octets at most.
std::string trash_name(std::int64_t seconds, std::string_view file_name);

// Where one mailbox's deletions go to. The mailbox's lock is needed.
class Trash {
 public:
  // Makes the folder where it is missing; its name is durable when this returns. `maildir` outlives
  // the Trash.
  static Result<Trash> open(int maildir);

  // Moves the file `path`, below the directory `at`, into the trash, as deleted at `now`. The
  // errno, or 0.
  int take(int at, const std::string& path, WallTime now);
  // What was moved is there after a power cut, and in new/ and cur/ no more.
  Result<void> sync() const;

 private:
  Trash(int maildir, Fd folder) : maildir_(maildir), folder_(std::move(folder)) {}

  int maildir_;
  Fd folder_;
  bool moved_ = false;
};

// What was made, renamed and removed in these folders of the Maildir is durable when this returns.
Result<void> sync_folders(int maildir, std::span<const char* const> names);

struct Trashed {
  std::string name;  // in the trash
  std::int64_t seconds = 0;
  std::uint64_t octets = 0;  // as POP3 counts them, where its name says it, else of the file
  std::string unique_id;
};
// What is in the trash of the Maildir, the oldest deletion first; up to Listing::kMaxMessages.
// Needs no lock.
Result<std::vector<Trashed>> trashed(int maildir);

// How much of the trash was deleted before `before`, or would be.
struct OutOfDate {
  static constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

  std::uint64_t messages = 0;
  std::uint64_t octets = 0;  // on disk
  std::uint64_t failed = 0;  // that could not be removed
  bool more = false;
};
Result<OutOfDate> find_out_of_date(int maildir, std::int64_t before);
// Removes them for good, up to `at_most`. The mailbox's lock is needed.
Result<OutOfDate> remove_out_of_date(int maildir, std::int64_t before, std::size_t at_most);

}  // namespace postrider::maildir

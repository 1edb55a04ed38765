// deletions.h - the bytes of a mailbox's journal of deletions (deletion_journal.h). No I/O.
//
//   journal  = *( batch / removed )
//   batch    = "delete " seconds " " count " " octets " " checksum LF  count*( base LF )
//   removed  = "removed " boot LF
//   checksum = 16 of [0-9a-f]     XXH3-64 of the lines, seeded with that of the first line as it
//                                 is with zeros for a checksum
//
// A batch is the messages that one session has deleted, by the bases of their files; octets are
// those of its lines. In a base '%' and what is not visible ASCII are "%" and two digits. "removed"
// says of all batches above it that their files were gone in that run of the kernel: a power cut
// may have brought back names that were removed since the last sync, so in another run it counts
// for nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::maildir {

struct DeletionBatch {
  std::int64_t seconds = 0;  // when, since 1970
  std::size_t count = 0;
  std::string_view lines;  // of the journal that was parsed: entry_of() each base, and LF
  bool removed = false;    // its files are gone
};

struct Deletions {
  std::vector<DeletionBatch> batches;
  // Octets of the journal up to the end of what is whole. What follows was not finished when its
  // writer died, and says nothing.
  std::size_t whole = 0;
  // Octets before that which belong to nothing whole: the disk has damaged them.
  std::size_t damaged = 0;
};

// Where something is not whole, looks so often for a batch behind it, and no more: what is damaged
// may look like the beginning of many.
inline constexpr int kMaxSearches = 64;

// Never fails. Passes over what is not whole, where something whole follows. Time and memory are in
// proportion to the journal's size. `boot` names this run of the kernel; empty: unknown.
Deletions parse_deletions(std::string_view journal, std::string_view boot);

// How a base stands in the journal.
std::string entry_of(std::string_view base);

// A batch of what `lines` holds, `count` entries.
std::string compose_batch(std::int64_t seconds, std::size_t count, std::string_view lines);
std::string compose_removed(std::string_view boot);

// Takes the first line off `lines`, all of which end with LF.
std::string_view take_line(std::string_view& lines) noexcept;

// Whether the message with this base is among the deleted; see same_message().
bool holds(const Deletions& deletions, std::string_view base);

}  // namespace postrider::maildir

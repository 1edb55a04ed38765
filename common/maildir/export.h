// export.h - the messages of a mailbox that is held, for other programs: as one mbox (mbox.h), or
// as a Maildir with the names that they have here.
//
// A message at a time, in pieces; what was written is durable when the call returns. Nothing is
// changed in the mailbox. Blocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/maildir/held_mailbox.h"
#include "common/maildir/listing.h"

namespace postrider::maildir {

struct ExportReport {
  // Problems that are told one by one.
  static constexpr std::size_t kTold = 100;

  std::uint64_t exported = 0;
  std::uint64_t already = 0;   // that the Maildir had, by their names and sizes
  std::uint64_t octets = 0;    // of the files that were exported
  std::uint64_t problems = 0;  // messages that could not be read
  std::vector<std::string> told;
};

// Writes the messages of `listing` to `to`, a file or a pipe, the oldest first. A pipe is not
// synced.
Result<ExportReport> export_mbox(const HeldMailbox& from, const Listing& listing, int to);

// Makes new/, cur/ and tmp/ in the directory `to` where they are missing, and copies the files
// there. A file that is there already is left as it is.
Result<ExportReport> export_maildir(const HeldMailbox& from, const Listing& listing, int to);

}  // namespace postrider::maildir

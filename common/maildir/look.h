// look.h - which messages a mailbox holds, as pop3d would list them, without changing anything: for
// those who look at mailboxes from outside.
//
// Needs no lock: what a session does meanwhile may be seen in part. Sizes come from the names, or
// from the files as they are on disk. Of two messages with one unique-id one
// has that here which scan() would give it. Not listed is what scan() would not list, but for a
// message that a session leaves out as its name would be too long with an id of its own. Blocks.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/result.h"
#include "common/maildir/listing.h"

namespace postrider::maildir {

struct Look {
  Listing listing;
  std::uint64_t disk_octets = 0;  // of the messages' files, as quotas count them
  std::uint64_t not_served = 0;   // files that are no messages, not whole, or too many
  std::uint64_t nameless = 0;     // messages of the listing that are not served all the same
  std::string example;            // one of both, and why
};

// `maildir` is open on the Maildir. `boot`: boot_id().
Result<Look> look(int maildir, const std::string& boot);

}  // namespace postrider::maildir

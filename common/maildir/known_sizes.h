// known_sizes.h - in which run of the kernel the sizes of a mailbox's files were last looked at:
// postrider.sizes in its Maildir.
//
// It says nothing that a power cut could make untrue, as then another run begins; so it is never
// synced. The mailbox's lock is needed. Both block: for worker threads.
#pragma once

#include <string_view>

#include "common/maildir/scan.h"

namespace postrider::maildir {

// `boot` is boot_id(); of an empty one nothing is known.
Looked known_sizes(int maildir, std::string_view boot);
// They were looked at. Where that cannot be written, they will be looked at again.
void keep_known_sizes(int maildir, std::string_view boot);

}  // namespace postrider::maildir

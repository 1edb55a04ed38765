// clashes.h - which of the messages with one unique-id keep it (listing.h). Blocks.
#pragma once

#include <cstddef>
#include <vector>

#include "common/maildir/listing.h"

namespace postrider::maildir {

// `clashes` are those that Listing::finish() gave. Of messages with one unique-id all but that
// whose file has been here for longest, in order: its id is the one that readers know. A copy that
// came since may say an earlier time in its name.
std::vector<std::size_t> younger_of(int maildir, const Listing& listing,
                                    const std::vector<std::size_t>& clashes);

}  // namespace postrider::maildir

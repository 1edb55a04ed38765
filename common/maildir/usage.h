// usage.h - how many octets the messages of a mailbox take.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::maildir {

// The sum of the sizes that the names in new/ and cur/ say (S=), and of the files whose names say
// none; without the message `but` (see same_message()). A mailbox that is not there yet takes none.
// Reads both folders, whatever their size: for mailboxes with a quota alone. Blocks.
Result<std::uint64_t> usage(int mail_directory, const std::string& mailbox_path,
                            std::string_view but);

}  // namespace postrider::maildir

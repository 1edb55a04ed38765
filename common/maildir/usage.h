// usage.h - how many octets the messages of a mailbox take, and whether one of them is there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::maildir {

struct Usage {
  std::uint64_t octets = 0;  // without the message that was asked for
  bool holds = false;        // that message
  bool operator==(const Usage&) const = default;
};

// The sum of the sizes that the names in new/ and cur/ say (S=), and of the files whose names say
// none; and whether the message of this base is among them (see same_message()). A mailbox that is
// not there yet takes none. Reads both folders, whatever their size: for mailboxes with a quota
// alone. Blocks.
Result<Usage> usage(int mail_directory, const std::string& mailbox_path, std::string_view base);

}  // namespace postrider::maildir

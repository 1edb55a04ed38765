// usage.h - how many octets and messages a mailbox holds, and whether one of them is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::maildir {

struct Usage {
  std::uint64_t octets = 0;    // without the message that was asked for; never beyond the largest
  std::uint64_t messages = 0;  // as octets
  bool holds = false;          // that message
  bool operator==(const Usage&) const = default;
};

// How many files there are in new/ and cur/, and the sum of the sizes that their names say (S=), or
// that they have where their names say none; what is in tmp/ or in the trash does not count. And
// whether the message of this base is among them (see same_message()). A mailbox that is
// not there yet takes none. Reads both folders, whatever their size: for mailboxes with a quota
// alone. Blocks.
Result<Usage> usage(int mail_directory, const std::string& mailbox_path, std::string_view base);

// When new/ and cur/ were last changed, in nanoseconds since 1970. The file system tells it in
// ticks of some milliseconds: what changes within one does not show.
struct ChangeTimes {
  std::int64_t in_new = 0;
  std::int64_t in_cur = 0;
  bool operator==(const ChangeTimes&) const = default;
};
// None: the mailbox is not there, or cannot be seen.
std::optional<ChangeTimes> change_times(int mail_directory, const std::string& mailbox_path);

}  // namespace postrider::maildir

// warning.h - the message that tells a user how full the mailbox is, put into that mailbox.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/maildir/delivery.h"
#include "common/quota/amount.h"

namespace postrider::deliverd {

// When users are told, and by whom.
struct Warnings {
  std::vector<std::uint64_t> percentages;
  std::string hostname;  // of this server
  std::string host;      // maildir::host_label()
};

// What is told to one of them.
struct Warned {
  const std::string& mailbox;  // user@domain
  const std::string& path;     // mailbox_path()
  std::string_view cause;      // id of the message with which the mailbox came to be so full
  quota::Amount used, limit;
  quota::Amount promised;  // of the room
  WallTime now;
};

// Stores it, and gives the octets that it takes; 0: there is no room for it, or it could not be
// stored, which nobody has to know. Made again for the same cause, it is the same message.
std::uint64_t store_warning(const Warnings& warnings, int mail_directory, const Warned& warned,
                            maildir::Sync sync);

}  // namespace postrider::deliverd

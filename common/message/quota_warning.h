// quota_warning.h - the message that tells a user that the mailbox is nearly full.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.h"

namespace postrider::message {

struct QuotaWarning {
  std::string mailbox;   // user@domain: whom it is for
  std::string hostname;  // of this server
  std::string id;        // of the message, for Message-ID
  WallTime time{};
  std::uint64_t percent = 0;  // that are used, of octets or of messages, whichever is more
  std::string size_limit;     // "5GiB"; empty: none
  std::uint64_t messages = 0;
  std::uint64_t messages_limit = 0;  // 0: none
};

// Header and content in CRLF lines. It is from the postmaster of the user's domain, and nobody's
// program answers it (RFC 3834 section 5: Auto-Submitted).
std::string quota_warning(const QuotaWarning& warning);

}  // namespace postrider::message

// header.h - is the header section of a message within bounds, and is the message not in a loop?
//
//   more Received fields than a message gathers    554 5.4.6 (RFC 5321 section 6.3)
//   a header section beyond the limit              552 5.3.4
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/message/header_scanner.h"
#include "common/smtp/reply.h"

namespace postrider::smtpd::checks {

struct HeaderLimits {
  std::uint64_t octets = 0;
  std::uint64_t received = 0;  // so many Received fields are a loop
};

class HeaderCheck {
 public:
  explicit HeaderCheck(HeaderLimits limits);
  HeaderCheck(const HeaderCheck&) = delete;
  HeaderCheck& operator=(const HeaderCheck&) = delete;

  // Looks at the next piece of content; gives the reply that refuses the message, if any.
  std::optional<smtp::Reply> feed(std::string_view content);
  // The same for the end of the message.
  std::optional<smtp::Reply> finish();

  // One field, and one alone, says "TLS-Required: No" (RFC 8689 section 3).
  bool tls_not_required() const noexcept { return tls_required_ == 1 && tls_required_no_ == 1; }
  // Nothing of the header section so far is beyond ASCII.
  bool is_ascii() const noexcept { return is_ascii_; }

 private:
  std::optional<smtp::Reply> judge() const;

  HeaderLimits limits_;
  std::uint64_t received_ = 0;
  unsigned tls_required_ = 0;     // fields of that name
  unsigned tls_required_no_ = 0;  // and of the one value that there is
  bool is_ascii_ = true;
  message::HeaderScanner scanner_;
};

}  // namespace postrider::smtpd::checks

// address.h - addresses as the directory writes them: lower case, local part and domain apart, an
// internationalized domain with A-labels (RFC 5890), however somebody has written it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::directory {

struct Address {
  std::string local;
  std::string domain;
  std::string str() const { return local + "@" + domain; }
};

// Splits at the last "@" and folds both parts. Nothing if there is no "@". Checks no more: for
// addresses that SMTP has already parsed, and for what clients give as their names.
std::optional<Address> split_address(std::string_view text);

// The local part without "+tag"; the whole when it has none or begins with "+".
std::string_view without_tag(std::string_view local) noexcept;

// What an administrator may enter. The errors (invalid) say what is wrong with it.
//
// A mailbox: its local part is the name of a folder, so it has letters, digits, ".", "_", "=" and
// "-" alone, begins with a letter or digit, and is at most 64 octets (RFC 5321 section 4.5.3.1.1).
Result<Address> parse_mailbox_address(std::string_view text);
// An alias: a dot-atom (RFC 5321 section 4.1.2), or nothing for all of a domain ("@example.org").
Result<Address> parse_alias_address(std::string_view text);
// An alias's target: a dot-atom at any domain. The local part keeps its case.
Result<Address> parse_target_address(std::string_view text);
// A domain's name.
Result<std::string> parse_domain(std::string_view text);

}  // namespace postrider::directory

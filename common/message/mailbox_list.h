// mailbox_list.h - whom From and Sender name, read strictly.
//
// What a reader of the message sees as its author is judged by it, so nothing is guessed: where
// another program might read something else, nothing is read. For a program's To, Cc and Bcc see
// address_list.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::message {

// The addr-specs of a mailbox-list (RFC 5322 section 3.4), as written, without comments and display
// names. `value` is unfolded. Of the obsolete forms empty members of the list and dots in display
// names are taken; groups, white space within an address and encoded words in one are not. Nothing
// where it is none, or names nobody.
std::optional<std::vector<std::string>> parse_mailbox_list(std::string_view value);

}  // namespace postrider::message

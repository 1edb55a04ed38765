// base64.h - octets as text that any line can carry.
//
// RFC 4648 section 4, with padding and without line breaks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider {

std::string to_base64(std::string_view octets);

// The octets that `text` stands for; nothing where it is not exactly what to_base64() writes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace postrider

// ban_words.h - what a client is told that is banned: by the daemons, and by `postrider explain`.
#pragma once

#include <string_view>

namespace postrider::auth {

inline constexpr std::string_view kAddressIsBanned =
    "too many wrong passwords from your address, try again later";
inline constexpr std::string_view kAccountIsBanned = "too many wrong passwords, try again later";

}  // namespace postrider::auth

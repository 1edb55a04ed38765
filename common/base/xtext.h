// xtext.h - text that a parameter of SMTP can carry: no space, no control character, no '='.
//
// RFC 3461 section 4: xtext = *( xchar / hexchar ), hexchar = "+" 2(%x30-39 / %x41-46), and xchar
// is any character from "!" to "~" but "+" and "=".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider {

std::string to_xtext(std::string_view text);

// What `xtext` stands for; nothing where it is none. Any octet may come of it.
std::optional<std::string> from_xtext(std::string_view xtext);

}  // namespace postrider

// unitext.h - an address beyond ASCII as delivery reports and the parameters of SMTP can carry it.
//
// RFC 6533 section 3:
//   utf-8-addr-xtext    = 1*(QCHAR / EmbeddedUnicodeChar)
//   utf-8-addr-unitext  = 1*(QUCHAR / EmbeddedUnicodeChar)
//   QCHAR               = any from "!" to "~" but "\", "+" and "="
//   QUCHAR              = QCHAR / UTF8-2 / UTF8-3 / UTF8-4
//   EmbeddedUnicodeChar = "\x{" HEXPOINT "}"
// HEXPOINT has no more digits than it needs, two at least, and stands for no other character of
// ASCII than those that xtext has to encode, and "\".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider {

// `text`, which is UTF-8, as utf-8-addr-xtext: ASCII alone.
std::string to_addr_xtext(std::string_view text);

// What `unitext` stands for, in UTF-8; nothing where it is none, as any utf-8-addr-xtext is one.
std::optional<std::string> from_addr_unitext(std::string_view unitext);

}  // namespace postrider

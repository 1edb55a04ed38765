// reported_text.h - text from outside in the forms in which a report may repeat it.
//
// RFC 3464 section 2.3 (typed addresses), RFC 6533 section 3 (addresses beyond ASCII).
#pragma once

#include <string>
#include <string_view>

namespace postrider::message {

// `text` on one line: control characters become spaces, octets that are no UTF-8 become '?', and
// what is longer than kMaxReportedValue ends in "...".
std::string reported(std::string_view text);
// The same, with every octet beyond ASCII as '?'.
std::string reported_ascii(std::string_view text);

// "rfc822; a@b", or "utf-8; ..." with the characters beyond ASCII as \x{HEX}.
std::string typed_address(std::string_view address);

// The value of Original-Recipient for an ORCPT parameter, its xtext decoded where it is some:
// "rfc822;a+2Bb@c" gives "rfc822; a+b@c".
std::string original_recipient(std::string_view orcpt);

// `line`, ended by CRLF, broken at spaces where it is longer than 78 characters; further lines
// begin with `indent`. No line is of blanks alone (RFC 5322 section 3.2.2), however many there are.
std::string fold(std::string_view line, std::string_view indent);

}  // namespace postrider::message

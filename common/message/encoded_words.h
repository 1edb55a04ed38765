// encoded_words.h - text beyond ASCII as header fields of old hold it.
//
// RFC 2047 (encoded-words) and RFC 2231 (parameters of MIME fields), in UTF-8.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::message {

// `text` as encoded-words of at most 75 characters (RFC 2047 section 2), no character divided. Fit
// to stand in any place where words may: Q with the characters of section 5 (3) alone, or B where
// most of it is beyond ASCII. Octets that are no UTF-8 become U+FFFD. Readers join what only white
// space separates.
std::vector<std::string> encoded_words(std::string_view text);

// `name` with the value `text` in the extended form of RFC 2231 section 4, each of the strings a
// parameter: several where one would be too long for a line (section 3).
std::vector<std::string> extended_parameters(std::string_view name, std::string_view text);

// A field of lines of at most 78 characters as far as its tokens allow, LF after each: "name:
// tokens".
std::string folded_field(std::string_view name, const std::vector<std::string>& tokens);

}  // namespace postrider::message

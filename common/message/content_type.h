// content_type.h - what the field Content-Type says of a part, as far as its bounds need it.
//
// RFC 2045 section 5.1. Comments are not looked for: no program writes any here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::message {

struct ContentType {
  std::string type;  // "multipart/mixed", in lower case; as written where it is no such thing
  // The parameter of that name, without its quotes; empty where there is none.
  std::string boundary;

  bool is_multipart() const noexcept { return type.starts_with("multipart/"); }
  // A whole message stands in it, its header first (RFC 2046 section 5.2.1, RFC 6532 section 3.7).
  bool is_message() const noexcept { return type == "message/rfc822" || type == "message/global"; }
};

// `value` is the field's, unfolded.
ContentType parse_content_type(std::string_view value);

}  // namespace postrider::message

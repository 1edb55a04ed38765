// http_answer.h - what a request gets, and how it goes over the wire.
#pragma once

#include <string>
#include <string_view>

namespace postrider::ctl {

struct HttpAnswer {
  int status = 200;
  std::string_view type = "text/plain; charset=utf-8";  // a literal
  std::string body;
  std::string style_hash;  // of the one style sheet that a page brings; empty: it brings none
};

// A line that says what is wrong and what would be right.
HttpAnswer refusal(int status, std::string_view why);

// Status line, header and body; of HEAD without the body (RFC 9110 section 9.3.2). The connection
// ends with it. Nothing of it is stored, framed, or may bring a script.
std::string to_wire(const HttpAnswer& answer, bool head_only);

// The source expression by which a Content-Security-Policy lets this style sheet through.
std::string hash_of_style(std::string_view style);

}  // namespace postrider::ctl

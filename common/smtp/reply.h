// reply.h - an SMTP reply: what a server says, on either side of the conversation.
//
// RFC 5321 section 4.2, RFC 2034 and RFC 3463 (enhanced status codes).
#pragma once

#include <string>
#include <string_view>

namespace postrider::smtp {

struct Reply {
  int code = 0;        // 200 to 599
  std::string status;  // enhanced status code, "5.1.1"; empty: none
  std::string text;    // without code and status; lines separated by '\n', none ends in CRLF

  bool positive() const noexcept { return code >= 200 && code < 400; }
  bool temporary() const noexcept { return code >= 400 && code < 500; }
  bool permanent() const noexcept { return code >= 500; }
  bool operator==(const Reply&) const = default;
};

// The reply as it goes over the wire: a line for each line of the text, code and status repeated
// on each, CRLF at each end.
std::string to_wire(const Reply& reply);

// The reply as one line for logs and reports: "550 5.1.1 no such user". Control characters become
// spaces.
std::string to_line(const Reply& reply);

}  // namespace postrider::smtp

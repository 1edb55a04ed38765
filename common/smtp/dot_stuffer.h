// dot_stuffer.h - makes the content of a message transparent for DATA, in portions.
//
// The content consists of CRLF lines; a line that begins with '.' gets one more, and CRLF.CRLF
// ends it. RFC 5321 section 4.5.2.
#pragma once

#include <string>
#include <string_view>

namespace postrider::smtp {

class DotStuffer {
 public:
  // Appends `content`, the next portion, to `out`. Portions may be cut anywhere. A '.' after a
  // bare LF is doubled too: a server that takes LF for the end of a line sees no end of data
  // inside the content.
  void append(std::string_view content, std::string& out);

  // Appends the end of the data: ".CRLF", and CRLF before it where the content did not end in one.
  void finish(std::string& out);

 private:
  // The last two octets. The data begins as after a line: DATA's own.
  char before_last_ = '\r';
  char last_ = '\n';
};

}  // namespace postrider::smtp

// outgoing_message.h - a message that a local program hands over, made ready for SMTP.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::ctl {

struct OutgoingMessage {
  std::string content;                  // CRLF lines, header and body
  std::vector<std::string> recipients;  // of To, Cc and Bcc, where asked for
  bool eight_bit = false;
};

struct OutgoingOptions {
  bool dot_ends = true;          // a line with a dot alone ends the message (without -i)
  bool read_recipients = false;  // -t
  std::string from;              // for a From field where there is none
};

// `text` has lines that end with LF or CRLF, as a program writes them. What else a message must
// have or must not have smtpd sees to.
OutgoingMessage prepare(std::string_view text, const OutgoingOptions& options);

}  // namespace postrider::ctl

// downgrader.h - makes a message for readers of old as it passes: headers in ASCII, all else as it
// is.
//
// It goes through the header of the message, those of its parts and those of messages within it,
// and puts in the place of each field what downgraded_field() makes of it; message/global and its
// kin become what they were before (RFC 6532 section 3.7, RFC 6533 section 6.3). Bodies pass octet
// by octet, in whatever encoding they are. A message whose headers are in ASCII comes out as it
// went in.
//
// RFC 6857, RFC 2046 section 5.1.1 (delimiters). Lines end with LF, as in a Maildir.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/message/content_type.h"
#include "common/message/downgraded_field.h"

namespace postrider::message {

class Downgrader {
 public:
  static constexpr std::size_t kMaxField = 65536;  // octets; a longer one passes as it is
  static constexpr std::size_t kMaxDepth =
      50;  // multiparts within each other; deeper ones are bodies
  static constexpr std::size_t kMaxBoundary = 70;  // RFC 2046 section 5.1.1
  // Octets of a line that may be a delimiter, with white space behind it.
  static constexpr std::size_t kMaxDelimiter = 2 + kMaxBoundary + 2 + 64 + 1;

  explicit Downgrader(ToALabels to_a_labels) : to_a_labels_(to_a_labels) {}

  // Adds what comes out for the next octets.
  void append(std::string_view text, std::string& out);
  // The message ended: adds what was kept back.
  void finish(std::string& out);
  // Something came out otherwise than it went in, so far.
  bool changed() const noexcept { return changed_; }

 private:
  enum class In { header, body };

  void take_header(std::string_view& text, std::string& out);
  void end_field(std::string& out);
  void end_header();
  void take_body(std::string_view& text, std::string& out);
  bool may_be_delimiter(std::string_view line) const;
  bool take_delimiter(std::string_view line);

  const ToALabels to_a_labels_;
  In in_ = In::header;
  std::vector<std::string> boundaries_;  // "--" and that of each open multipart, innermost last
  std::string field_;                    // the field under way, its last line perhaps not whole
  bool passing_ = false;                 // it is too long, and goes out as it comes
  ContentType content_;                  // of the part whose header it is
  std::string line_;                     // of a body: what may become a delimiter
  bool line_begins_ = true;
  bool changed_ = false;
};

}  // namespace postrider::message

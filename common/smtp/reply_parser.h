// reply_parser.h - reads SMTP replies from a byte stream, one at a time.
//
// The octets may come in any portions. A reply is bounded in its lines and octets, whatever the
// server sends; what is no reply is malformed, and the connection is of no further use.
//
// RFC 5321 section 4.2 (replies), RFC 2034 and RFC 3463 (enhanced status codes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/smtp/reply.h"

namespace postrider::smtp {

class ReplyParser {
 public:
  // RFC 5321 section 4.5.3.1.5 allows 512 octets; servers that explain themselves send more.
  static constexpr std::size_t kMaxLine = 2048;
  static constexpr std::size_t kMaxLines = 128;
  static constexpr std::size_t kMaxOctets = 32768;

  enum class Status : std::uint8_t { incomplete, complete, malformed };

  // Takes octets from the front of `input` up to the end of one reply. `complete`: take() has it,
  // and `input` is what follows. `incomplete`: all of `input` was taken. `malformed`: nothing more
  // may be parsed.
  Status parse(std::string_view& input);
  // Octets of a reply came, and its end did not.
  bool amid_reply() const noexcept { return octets_ > 0; }

  // The reply that parse() completed; the enhanced status code is split off each line that has it.
  Reply take();

 private:
  enum class Line : std::uint8_t { last, more, malformed };
  Line add_line(std::string_view line);

  std::string line_;
  std::size_t octets_ = 0;
  std::size_t lines_ = 0;
  Reply reply_;
};

// The enhanced status code that `text`, of a reply with `code`, begins with; empty if none. Its
// class must be that of the code (RFC 2034 section 4).
std::string_view enhanced_status(int code, std::string_view text) noexcept;

}  // namespace postrider::smtp

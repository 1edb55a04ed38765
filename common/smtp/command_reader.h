// command_reader.h - takes command lines from what a client sends, in bounded memory.
//
// A line ends with CRLF and nothing else. What is no line (too long, a bare LF, a control
// character) is reported once, as soon as it shows, and passed over up to its CRLF, so that no part
// of it is ever taken for a command.
//
// RFC 5321 section 2.3.8 (lines), 4.5.3.1.4 (length of a command line), RFC 4954 section 4 (of AUTH
// and what it is answered with).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postrider::smtp {

class CommandReader {
 public:
  enum class Kind : std::uint8_t {
    incomplete,  // more is needed
    line,
    too_long,
    malformed,  // a bare CR or LF, or another control character
    alien,      // begins as no command can: a TLS or RDP handshake on the wrong port
  };
  struct Taken {
    Kind kind;
    std::string_view line;  // a view into the input, without CRLF; empty unless `kind` is line
  };

  // With CRLF. RFC 5321 section 4.5.3.1.4.
  static constexpr std::size_t kCommandLine = 512;
  static constexpr std::size_t kAuthLine = 12288;

  enum class Expected : std::uint8_t { command, auth_response };

  explicit CommandReader(std::size_t line_limit = kCommandLine) : line_limit_(line_limit) {}

  // Takes what is expected from the front of `input`. Of an incomplete line less octets are left
  // there than the limit; they are to come again with more behind them.
  Taken take(std::string_view& input, Expected expected = Expected::command);

 private:
  bool discard(std::string_view& input);
  std::size_t limit_of(std::string_view line) const;
  Taken refuse_line(Kind why);

  std::size_t line_limit_;
  bool discarding_ = false;
};

}  // namespace postrider::smtp

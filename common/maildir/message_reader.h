// message_reader.h - a message file as POP3 sends it, in portions of bounded size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/maildir/line_ends.h"

namespace postrider::maildir {

class MessageReader {
 public:
  // Octets read from the file at once. A portion is at most twice as long: every octet a line end.
  static constexpr std::size_t kPortion = 131072;

  // `body_lines` as in ToWire: without it the whole message.
  MessageReader(Fd file, std::optional<std::uint64_t> body_lines)
      : file_(std::move(file)), to_wire_(body_lines) {}

  // The next portion: CRLF line ends, dots stuffed, without the final ".". `last` tells the end.
  // After an error the reader can only be dropped. Blocks.
  struct Portion {
    std::string wire;
    bool last = false;
  };
  Result<Portion> next();

 private:
  Fd file_;
  ToWire to_wire_;
  std::string buffer_;
};

}  // namespace postrider::maildir

// message_reader.h - a message file as POP3 sends it, in portions of bounded size.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/maildir/line_ends.h"
#include "common/maildir/listing.h"
#include "common/message/downgrader.h"

namespace postrider::maildir {

class MessageReader {
 public:
  // Octets read from the file at once. A portion is at most twice as long: every octet a line end;
  // or some more where header fields are downgraded.
  static constexpr std::size_t kPortion = 131072;

  // `file` is at its beginning and `size` octets long. `body_lines` as in ToWire: without it the
  // whole message. In Form::downgraded it goes through a Downgrader.
  MessageReader(Fd file, std::uint64_t size, std::optional<std::uint64_t> body_lines, Form form);

  // The next portion: CRLF line ends, dots stuffed, without the final ".". `last` tells the end.
  // After an error, as of a file that has become shorter, the reader can only be dropped. Blocks.
  struct Portion {
    std::string wire;
    bool last = false;
  };
  Result<Portion> next();

  // The same from memory alone, perhaps less of it. Nothing: the kernel would have to ask the disk,
  // or cannot tell whether it would.
  std::optional<Portion> next_cached();

 private:
  Portion convert(std::size_t octets);

  Fd file_;
  std::uint64_t left_;  // octets not read yet
  std::unique_ptr<message::Downgrader> downgrader_;
  ToWire to_wire_;
};

}  // namespace postrider::maildir

// content.h - reads a message's content from the spool and verifies its checksum on the way.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <string>

#include "common/base/handle.h"
#include "common/maildir/line_ends.h"

namespace postrider::deliverd {

// What jobs say of their content.
struct ContentPlace {
  int fd = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t checksum = 0;  // XXH3-64
};

class Content {
 public:
  // Octets read at once.
  static constexpr std::uint64_t kPiece = 262144;

  enum class Status {
    more,
    end,         // all was read and the checksum is right
    corrupt,     // the checksum is wrong, or the file ends too early
    unreadable,  // an I/O error
  };

  explicit Content(const ContentPlace& place);

  // Puts the next piece into `lf_text`, with LF line ends. What was handed out counts only once
  // `end` was returned; after that, or an error, call no more. Blocks.
  Status next(std::string& lf_text);

 private:
  Status read_piece();

  const ContentPlace place_;
  std::uint64_t done_ = 0;
  std::string piece_;
  Handle<XXH3_state_t, &XXH3_freeState> hash_;
  maildir::ToLf to_lf_;
};

}  // namespace postrider::deliverd

// outgoing_content.h - the content of a job on its way out: trace fields, then what the spool
// holds.
//
// Read in blocks, dot-stuffed, and held against its checksum: the end of the data is not given out
// before the whole was found right, so that a server never takes a message that is damaged.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <string>

#include "common/base/handle.h"
#include "common/ipc/messages.pb.h"
#include "common/smtp/dot_stuffer.h"

namespace postrider::deliverd {

class OutgoingContent {
 public:
  static constexpr std::size_t kBlock = 65536;

  enum class Block : std::uint8_t {
    more,        // there is more after this block
    last,        // the block ends the data
    corrupt,     // the content does not match its checksum, or is shorter than its length
    unreadable,  // reading failed; it may succeed later
  };

  // `job` and the descriptor `source` outlive this object.
  OutgoingContent(const ipc::Job& job, int source);

  // About how many octets the next block has on the wire.
  std::size_t expected_block() const noexcept;

  // Appends the next block, ready for the wire, to `out`.
  Block append_next(std::string& out);

 private:
  const ipc::Job& job_;
  const int source_;
  std::uint64_t done_ = 0;  // octets of the content that were given out
  smtp::DotStuffer stuffer_;
  Handle<XXH3_state_t, &XXH3_freeState> checksum_;  // null while the content fits into a block
};

}  // namespace postrider::deliverd

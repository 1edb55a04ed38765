// outgoing_content.h - the content of a job on its way out: trace fields, then what the spool
// holds.
//
// Read in blocks, as DATA or BDAT has it, and held against its checksum: the last block is not
// given out before the whole was found right, so that a server never takes a message that is
// damaged.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/handle.h"
#include "common/ipc/messages.pb.h"
#include "common/smtp/dot_stuffer.h"

namespace postrider::deliverd {

class OutgoingContent {
 public:
  static constexpr std::size_t kBlock = 65536;

  enum class Block : std::uint8_t {
    more,        // there is more after this block
    chunk_end,   // the block ends the chunk, and there is another
    last,        // the block ends the content
    corrupt,     // the content does not match its checksum, or is shorter than its length
    unreadable,  // reading failed; it may succeed later
  };

  // `job` and the descriptor `source` outlive this object.
  OutgoingContent(const ipc::Job& job, int source);

  // From now on blocks are of a chunk, the next `octets` of the content: they are given out as they
  // are, without an end of the data.
  void begin_chunk(std::uint64_t octets) { chunk_left_ = octets; }

  // About how many octets the next block has on the wire.
  std::size_t expected_block() const noexcept;

  // Appends the next block, ready for the wire, to `out`: of DATA, which is dot-stuffed and ended,
  // or of a chunk.
  Block append_next(std::string& out);

 private:
  bool is_right(std::string_view block);
  void append(std::string_view octets, std::string& out);

  const ipc::Job& job_;
  const int source_;
  std::uint64_t trace_done_ = 0;  // octets of the trace fields, and of what the spool holds, that
  std::uint64_t done_ = 0;        // were given out
  std::optional<std::uint64_t> chunk_left_;  // octets; nothing: it goes by DATA
  smtp::DotStuffer stuffer_;
  Handle<XXH3_state_t, &XXH3_freeState> checksum_;  // null while the content came in one block
};

}  // namespace postrider::deliverd

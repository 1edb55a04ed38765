#include "deliverd/remote/outgoing_content.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <new>

namespace postrider::deliverd {

namespace {

// Reads until `size` octets are there, the file ends, or reading fails (-1).
ssize_t read_fully(int fd, char* to, std::size_t size, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd, to + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace

OutgoingContent::OutgoingContent(const ipc::Job& job, int source) : job_(job), source_(source) {}

std::size_t OutgoingContent::expected_block() const noexcept {
  constexpr std::size_t kDotsAndEnd = 64;
  const std::uint64_t trace = job_.trace().size() - trace_done_;
  return trace + std::min<std::uint64_t>(kBlock, job_.length() - done_) + kDotsAndEnd;
}

OutgoingContent::Block OutgoingContent::append_next(std::string& out) {
  static thread_local std::array<char, kBlock> block;
  const std::uint64_t room = chunk_left_.value_or(std::numeric_limits<std::uint64_t>::max());
  const std::string_view trace = std::string_view(job_.trace()).substr(trace_done_, room);
  const std::size_t size =
      std::min<std::uint64_t>({kBlock, job_.length() - done_, room - trace.size()});
  const ssize_t got = read_fully(source_, block.data(), size, job_.offset() + done_);
  if (got < 0) return Block::unreadable;
  if (static_cast<std::size_t>(got) != size) return Block::corrupt;
  if (!is_right({block.data(), size})) return Block::corrupt;

  append(trace, out);
  append({block.data(), size}, out);
  trace_done_ += trace.size();
  done_ += size;
  if (trace_done_ < job_.trace().size() || done_ < job_.length())
    return chunk_left_ == 0 ? Block::chunk_end : Block::more;
  if (!chunk_left_) stuffer_.finish(out);
  return Block::last;
}

// Whether `block`, the next of what the spool holds, is as far as can be told what was received.
bool OutgoingContent::is_right(std::string_view block) {
  if (block.size() == job_.length())
    return XXH3_64bits(block.data(), block.size()) == job_.checksum();
  if (!checksum_) {
    checksum_.reset(XXH3_createState());
    if (!checksum_) throw std::bad_alloc();
    XXH3_64bits_reset(checksum_.get());
  }
  XXH3_64bits_update(checksum_.get(), block.data(), block.size());
  return done_ + block.size() < job_.length() ||
         XXH3_64bits_digest(checksum_.get()) == job_.checksum();
}

void OutgoingContent::append(std::string_view octets, std::string& out) {
  if (!chunk_left_) return stuffer_.append(octets, out);
  out.append(octets);
  *chunk_left_ -= octets.size();
}

}  // namespace postrider::deliverd

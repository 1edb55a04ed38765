#include "deliverd/remote/outgoing_content.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
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

OutgoingContent::OutgoingContent(const ipc::Job& job, int source) : job_(job), source_(source) {
  if (job.length() <= kBlock) return;
  checksum_.reset(XXH3_createState());
  if (!checksum_) throw std::bad_alloc();
  XXH3_64bits_reset(checksum_.get());
}

std::size_t OutgoingContent::expected_block() const noexcept {
  constexpr std::size_t kDotsAndEnd = 64;
  const std::size_t trace = done_ == 0 ? job_.trace().size() : 0;
  return trace + std::min<std::uint64_t>(kBlock, job_.length() - done_) + kDotsAndEnd;
}

OutgoingContent::Block OutgoingContent::append_next(std::string& out) {
  static thread_local std::array<char, kBlock> block;
  const std::size_t size = std::min<std::uint64_t>(kBlock, job_.length() - done_);
  const ssize_t got = read_fully(source_, block.data(), size, job_.offset() + done_);
  if (got < 0) return Block::unreadable;
  if (static_cast<std::size_t>(got) != size) return Block::corrupt;

  if (checksum_) XXH3_64bits_update(checksum_.get(), block.data(), size);
  const bool last = done_ + size == job_.length();
  if (last && job_.checksum() != (checksum_ ? XXH3_64bits_digest(checksum_.get())
                                            : XXH3_64bits(block.data(), size)))
    return Block::corrupt;

  if (done_ == 0) stuffer_.append(job_.trace(), out);
  stuffer_.append({block.data(), size}, out);
  done_ += size;
  if (!last) return Block::more;
  stuffer_.finish(out);
  return Block::last;
}

}  // namespace postrider::deliverd

#include "deliverd/local/content.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace postrider::deliverd {

Content::Content(const ContentPlace& place) : place_(place), hash_(XXH3_createState()) {
  if (!hash_ || XXH3_64bits_reset(hash_.get()) != XXH_OK) throw std::bad_alloc();
}

Content::Status Content::next(std::string& lf_text) {
  lf_text.clear();
  if (const Status status = read_piece(); status != Status::more) return status;
  to_lf_.append(piece_, lf_text);
  if (done_ < place_.length) return Status::more;
  to_lf_.finish(lf_text);
  return XXH3_64bits_digest(hash_.get()) == place_.checksum ? Status::end : Status::corrupt;
}

Content::Status Content::read_piece() {
  piece_.resize(std::min(kPiece, place_.length - done_));
  for (std::size_t filled = 0; filled < piece_.size();) {
    const ssize_t n = ::pread(place_.fd, piece_.data() + filled, piece_.size() - filled,
                              static_cast<off_t>(place_.offset + done_ + filled));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Status::unreadable;
    if (n == 0) return Status::corrupt;
    filled += static_cast<std::size_t>(n);
  }
  XXH3_64bits_update(hash_.get(), piece_.data(), piece_.size());
  done_ += piece_.size();
  return Status::more;
}

}  // namespace postrider::deliverd

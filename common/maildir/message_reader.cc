#include "common/maildir/message_reader.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace postrider::maildir {

Result<MessageReader::Portion> MessageReader::next() {
  buffer_.resize(kPortion);
  ssize_t n = 0;
  do {
    n = ::read(file_.get(), buffer_.data(), buffer_.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) return fail_errno("message", errno);

  Portion portion;
  const std::string_view text(buffer_.data(), static_cast<std::size_t>(n));
  // Lines of mail are some 70 octets long: room for their CRs and for a few dots.
  portion.wire.reserve(text.size() + text.size() / 16 + 16);
  to_wire_.append(text, portion.wire);
  portion.last = text.size() < kPortion || to_wire_.complete();
  if (portion.last) to_wire_.finish(portion.wire);
  return portion;
}

}  // namespace postrider::maildir

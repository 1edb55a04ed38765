#include "common/maildir/message_reader.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

#include "common/smtp/international_domain.h"

namespace postrider::maildir {

namespace {

// One a thread, for all readers: nothing in it outlives the call that has filled it.
std::span<char> read_buffer(std::uint64_t left) {
  static thread_local std::array<char, MessageReader::kPortion> buffer;
  return std::span<char>(buffer).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size())));
}

}  // namespace

MessageReader::MessageReader(Fd file, std::uint64_t size, std::optional<std::uint64_t> body_lines,
                             Form form)
    : file_(std::move(file)),
      left_(size),
      downgrader_(form == Form::downgraded
                      ? std::make_unique<message::Downgrader>(smtp::to_a_labels)
                      : nullptr),
      to_wire_(body_lines) {}

Result<MessageReader::Portion> MessageReader::next() {
  const std::span<char> buffer = read_buffer(left_);
  ssize_t n = 0;
  do {
    n = ::read(file_.get(), buffer.data(), buffer.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) return fail_errno("message", errno);
  if (n == 0 && left_ > 0)
    return fail(ErrorKind::temporary, "message: its file has become shorter while it was read");
  return convert(static_cast<std::size_t>(n));
}

std::optional<MessageReader::Portion> MessageReader::next_cached() {
  const std::span<char> buffer = read_buffer(left_);
  const iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  const ssize_t n = ::preadv2(file_.get(), &part, 1, -1, RWF_NOWAIT);
  if (n < 0 || (n == 0 && left_ > 0)) return std::nullopt;
  return convert(static_cast<std::size_t>(n));
}

MessageReader::Portion MessageReader::convert(std::size_t octets) {
  left_ -= octets;
  Portion portion;
  std::string_view text(read_buffer(octets).data(), octets);
  std::string downgraded;
  if (downgrader_) {
    downgrader_->append(text, downgraded);
    if (left_ == 0) downgrader_->finish(downgraded);
    text = downgraded;
  }
  to_wire_.append(text, portion.wire);
  portion.last = left_ == 0 || to_wire_.complete();
  if (portion.last) to_wire_.finish(portion.wire);
  return portion;
}

}  // namespace postrider::maildir

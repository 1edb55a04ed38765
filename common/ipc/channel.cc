#include "common/ipc/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include <fcntl.h>

#include "common/ipc/messages.pb.h"

namespace postrider::ipc {

namespace {

constexpr std::size_t kHeader = 4;
constexpr std::uint32_t kDescriptorBit = 0x8000'0000U;
constexpr std::size_t kReadChunk = 65536;

std::uint32_t read_header(std::string_view bytes) {
  std::uint32_t header = 0;
  for (std::size_t i = kHeader; i-- > 0;)
    header = (header << 8U) | static_cast<unsigned char>(bytes[i]);
  return header;
}

void append_header(std::string& to, std::uint32_t header) {
  for (std::size_t i = 0; i < kHeader; ++i, header >>= 8U) to += static_cast<char>(header & 0xffU);
}

// What one recvmsg() may bring.
union ControlBuffer {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(int) * 8)> bytes;
};

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

Channel::Channel(event::EventLoop& loop, Fd fd, Owner& owner)
    : loop_(loop),
      fd_(std::move(fd)),
      owner_(owner),
      peer_(net::peer_credentials(fd_.get())),
      readable_(loop, fd_.get(), event::Watch::For::reading, [this] { read_ready(); }),
      writable_(loop, fd_.get(), event::Watch::For::writing, [this] {
        flush();
        if (!closed_ && unsent() == 0) owner_.on_drained();
      }) {
  readable_.enable();
}

Channel::~Channel() { *alive_ = false; }

void Channel::send(const Frame& frame) { queue(frame, false); }

void Channel::send_with(const Frame& frame, int descriptor) {
  if (closed_) return;
  Fd copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!copy) return close_later("cannot pass a descriptor: " + reason(errno));
  passed_.push_back({written_ + unsent(), std::move(copy)});
  queue(frame, true);
}

void Channel::queue(const Frame& frame, bool with_descriptor) {
  if (closed_ || closing_) return;
  const std::size_t size = frame.ByteSizeLong();
  if (size > kMaxFrame) return close_later("a frame of ours is too long");
  append_header(out_, static_cast<std::uint32_t>(size) | (with_descriptor ? kDescriptorBit : 0));
  frame.AppendToString(&out_);
  if (flush_queued_) return;
  flush_queued_ = true;
  loop_.defer([this, alive = alive_] {
    if (!*alive) return;
    flush_queued_ = false;
    flush();
  });
}

void Channel::flush() {
  if (closed_ || closing_) return;
  while (unsent() > 0) {
    if (!write_some()) return;
  }
  out_.clear();
  out_done_ = 0;
  writable_.disable();
}

bool Channel::write_some() {
  std::size_t length = unsent();
  const Passed* due = nullptr;
  for (const Passed& passed : passed_) {
    if (passed.position == written_ && due == nullptr) {
      due = &passed;
    } else {
      length = std::min(length, static_cast<std::size_t>(passed.position - written_));
      break;
    }
  }
  iovec part{.iov_base = out_.data() + out_done_, .iov_len = length};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (due != nullptr) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = due->descriptor.get();
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  const ssize_t n = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  if (n < 0) {
    if (errno == EINTR) return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      writable_.enable();
    } else {
      close_later(reason(errno));
    }
    return false;
  }
  if (due != nullptr) passed_.pop_front();
  out_done_ += static_cast<std::size_t>(n);
  written_ += static_cast<std::uint64_t>(n);
  return true;
}

void Channel::read_ready() {
  static thread_local std::array<char, kReadChunk> chunk;
  iovec part{.iov_base = chunk.data(), .iov_len = chunk.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const ssize_t n = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return;
    return close(reason(errno));
  }
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      received_.emplace_back(fd);
    }
  }
  if (n == 0) return close("the peer closed the connection");
  if (received_.size() > kMaxDescriptors) return close("too many descriptors");
  in_.append(chunk.data(), static_cast<std::size_t>(n));
  take_frames();
}

void Channel::take_frames() {
  std::size_t done = 0;
  std::optional<std::string> trouble;
  while (!closed_ && in_.size() - done >= kHeader) {
    const std::uint32_t header = read_header(std::string_view(in_).substr(done));
    const std::size_t size = header & ~kDescriptorBit;
    if (size > kMaxFrame) {
      trouble = "a frame is too long";
      break;
    }
    if (in_.size() - done < kHeader + size) break;
    Frame frame;
    Fd descriptor;
    if (!frame.ParseFromArray(in_.data() + done + kHeader, static_cast<int>(size))) {
      trouble = "a frame cannot be read";
      break;
    }
    if ((header & kDescriptorBit) != 0) {
      if (received_.empty()) {
        trouble = "a descriptor is missing";
        break;
      }
      descriptor = std::move(received_.front());
      received_.pop_front();
    }
    done += kHeader + size;
    owner_.on_frame(frame, std::move(descriptor));
  }
  in_.erase(0, done);
  if (trouble) close(*trouble);
}

void Channel::close(const std::string& why) {
  if (closed_) return;
  closed_ = true;
  readable_.disable();
  writable_.disable();
  owner_.on_closed(why);
}

void Channel::close_later(std::string why) {
  closing_ = true;
  readable_.disable();
  writable_.disable();
  out_.clear();
  out_done_ = 0;
  passed_.clear();
  loop_.defer([this, why = std::move(why), alive = alive_] {
    if (*alive) close(why);
  });
}

}  // namespace postrider::ipc

#include "common/net/stream.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <new>

namespace postrider::net {

namespace {

constexpr std::size_t kReadChunk = 65536;
// A write buffer that grew beyond this is given back when it is empty.
constexpr std::size_t kKeptCapacity = 1024;

::event* required(::event* pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

}  // namespace

Stream::Stream(event::EventLoop& loop, Fd fd, Owner& owner)
    : loop_(loop),
      fd_(std::move(fd)),
      owner_(owner),
      read_event_(required(event_new(loop.raw(), fd_.get(), EV_READ | EV_PERSIST,
                                     &Stream::on_readable, this))),
      write_event_(required(
          event_new(loop.raw(), fd_.get(), EV_WRITE | EV_PERSIST, &Stream::on_writable, this))),
      idle_timer_(loop, [this] { idle_check(); }),
      last_activity_(loop.now()) {
  event_add(read_event_.get(), nullptr);
}

Stream::~Stream() { *alive_ = false; }

void Stream::send(std::string_view bytes) {
  if (!closed_) out_.append(bytes);
}

void Stream::flush() {
  if (closed_ || in_callback_ || write_pending_) return;
  if (!write_some()) return;
  if (want_drained_ && !drained_queued_) {
    drained_queued_ = true;
    loop_.defer([this, alive = alive_] {
      if (!*alive) return;
      drained_queued_ = false;
      if (!closed_ && unsent() == 0) owner_.on_drained();
    });
  }
}

bool Stream::write_some() {
  while (unsent() > 0) {
    const ssize_t n = ::send(fd_.get(), out_.data() + out_done_, unsent(), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        close_later(CloseReason::error);
        return false;
      }
      if (!write_pending_) {
        write_pending_ = true;
        event_add(write_event_.get(), nullptr);
      }
      return false;
    }
    out_done_ += static_cast<std::size_t>(n);
    last_activity_ = loop_.now();
  }
  out_.clear();
  out_done_ = 0;
  if (out_.capacity() > kKeptCapacity) out_.shrink_to_fit();
  if (write_pending_) {
    write_pending_ = false;
    event_del(write_event_.get());
  }
  if (shut_down_) ::shutdown(fd_.get(), SHUT_WR);
  return true;
}

void Stream::shut_down() {
  if (closed_ || shut_down_) return;
  shut_down_ = true;
  if (!in_callback_ && !write_pending_) static_cast<void>(write_some());
}

void Stream::pause_reading() noexcept {
  if (!reading_ || closed_) return;
  reading_ = false;
  event_del(read_event_.get());
}

void Stream::resume_reading() {
  if (reading_ || closed_) return;
  reading_ = true;
  last_activity_ = loop_.now();
  event_add(read_event_.get(), nullptr);
}

void Stream::set_idle_timeout(std::chrono::microseconds timeout) {
  idle_timeout_ = timeout;
  last_activity_ = loop_.now();
  if (timeout.count() > 0) {
    idle_timer_.arm(timeout);
  } else {
    idle_timer_.disarm();
  }
}

// One timer an idle period, not one a read: it looks how long ago the last octet was.
void Stream::idle_check() {
  if (closed_) return;
  if (!reading_ && !write_pending_) last_activity_ = loop_.now();
  const auto left = last_activity_ + idle_timeout_ - loop_.now();
  if (left.count() > 0) return idle_timer_.arm(left);
  in_callback_ = true;
  const bool close_now = owner_.on_timeout();
  in_callback_ = false;
  if (!close_now) {
    last_activity_ = loop_.now();
    return idle_timer_.arm(idle_timeout_);
  }
  static_cast<void>(write_some());
  close(CloseReason::timeout);
}

void Stream::on_readable(evutil_socket_t /*fd*/, short /*events*/, void* self) noexcept {
  static_cast<Stream*>(self)->read_ready();
}

void Stream::read_ready() {
  // One buffer for all streams of the loop: nothing in it outlives the call to on_bytes().
  static thread_local std::array<char, kReadChunk> chunk;
  const ssize_t n = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return;
    return close(CloseReason::error);
  }
  if (n == 0) return close(CloseReason::end_of_input);
  last_activity_ = loop_.now();
  in_callback_ = true;
  owner_.on_bytes({chunk.data(), static_cast<std::size_t>(n)});
  in_callback_ = false;
  flush();
}

void Stream::on_writable(evutil_socket_t /*fd*/, short /*events*/, void* self) noexcept {
  static_cast<Stream*>(self)->write_ready();
}

void Stream::write_ready() {
  if (write_some()) owner_.on_drained();
}

void Stream::close(CloseReason reason) {
  if (closed_) return;
  closed_ = true;
  event_del(read_event_.get());
  event_del(write_event_.get());
  idle_timer_.disarm();
  owner_.on_closed(reason);
}

void Stream::close_later(CloseReason reason) {
  event_del(read_event_.get());
  if (write_pending_) event_del(write_event_.get());
  reading_ = false;
  out_.clear();
  out_done_ = 0;
  loop_.defer([this, reason, alive = alive_] {
    if (*alive) close(reason);
  });
}

}  // namespace postrider::net

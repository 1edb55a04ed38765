#include "common/net/stream.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <new>
#include <span>
#include <utility>

namespace postrider::net {

namespace {

constexpr std::size_t kReadChunk = 65536;
// A write buffer that grew beyond this is given back when it is empty.
constexpr std::size_t kKeptCapacity = 1024;

// One buffer for all streams of the loop: nothing in it outlives the call to on_bytes().
std::span<char> read_buffer() {
  static thread_local std::array<char, kReadChunk> chunk;
  return chunk;
}

::event* required(::event* pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

}  // namespace

Stream::Stream(event::EventLoop& loop, Fd fd, Owner& owner)
    : loop_(loop),
      fd_(std::move(fd)),
      owner_(owner),
      read_event_(required(
          event_new(loop.raw(), fd_.get(), EV_READ | EV_PERSIST, &Stream::on_readable, this))),
      write_event_(required(
          event_new(loop.raw(), fd_.get(), EV_WRITE | EV_PERSIST, &Stream::on_writable, this))),
      idle_timer_(loop, [this] { idle_check(); }),
      last_activity_(loop.now()) {
  event_add(read_event_.get(), nullptr);
}

Stream::~Stream() {
  *alive_ = false;
  if (security_ == Security::secured && !closed_) tls_->end();
}

// ---- Writing ----

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
  if (security_ == Security::handshake) return false;
  while (unsent() > 0) {
    const Written written = write_once();
    if (written == Written::never) close_later(CloseReason::error);
    if (written == Written::not_now) wait_to_write();
    if (written != Written::some) return false;
    last_activity_ = loop_.now();
  }
  out_.clear();
  out_done_ = 0;
  if (out_.capacity() > kKeptCapacity) out_.shrink_to_fit();
  if (write_pending_) {
    write_pending_ = false;
    event_del(write_event_.get());
  }
  if (security_ == Security::due) {
    begin_handshake();
    return false;
  }
  if (shut_down_) {
    if (tls_) tls_->end();
    ::shutdown(fd_.get(), SHUT_WR);
  }
  return true;
}

Stream::Written Stream::write_once() {
  if (security_ != Security::secured) return write_clear();
  std::size_t n = 0;
  switch (tls_->write(std::string_view(out_).substr(out_done_), n)) {
    case TlsSession::Step::done: out_done_ += n; return Written::some;
    case TlsSession::Step::wants_write: return Written::not_now;
    default: failure_ = tls_->failure(); return Written::never;
  }
}

Stream::Written Stream::write_clear() {
  const ssize_t n = ::send(fd_.get(), out_.data() + out_done_, unsent(), MSG_NOSIGNAL);
  if (n >= 0) {
    out_done_ += static_cast<std::size_t>(n);
    return Written::some;
  }
  if (errno == EINTR) return Written::some;
  return errno == EAGAIN || errno == EWOULDBLOCK ? Written::not_now : Written::never;
}

void Stream::wait_to_write() {
  if (std::exchange(write_pending_, true)) return;
  event_add(write_event_.get(), nullptr);
}

void Stream::on_writable(evutil_socket_t /*fd*/, short /*events*/, void* self) noexcept {
  static_cast<Stream*>(self)->write_ready();
}

void Stream::write_ready() {
  if (security_ == Security::handshake) {
    write_pending_ = false;
    event_del(write_event_.get());
    return handshake();
  }
  if (write_some()) owner_.on_drained();
}

void Stream::shut_down() {
  if (closed_ || shut_down_) return;
  shut_down_ = true;
  if (!in_callback_ && !write_pending_) static_cast<void>(write_some());
}

// ---- Reading ----

void Stream::pause_reading() noexcept {
  if (!reading_ || closed_ || securing()) return;
  reading_ = false;
  event_del(read_event_.get());
}

bool Stream::input_waits() const noexcept {
  char octet = 0;
  return ::recv(fd_.get(), &octet, sizeof octet, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void Stream::resume_reading() {
  if (reading_ || closed_ || securing()) return;
  reading_ = true;
  last_activity_ = loop_.now();
  event_add(read_event_.get(), nullptr);
  if (security_ == Security::secured) read_later();
}

// The socket does not tell of what the session has taken from it already.
void Stream::read_later() {
  if (!tls_->has_input()) return;
  loop_.defer([this, alive = alive_] {
    if (*alive && reading_ && !closed_) read_secured();
  });
}

void Stream::on_readable(evutil_socket_t /*fd*/, short /*events*/, void* self) noexcept {
  static_cast<Stream*>(self)->read_ready();
}

void Stream::read_ready() {
  switch (security_) {
    case Security::clear: return read_clear();
    case Security::due: return;  // what comes now is for the session
    case Security::handshake: return handshake();
    case Security::secured: return read_secured();
  }
}

void Stream::read_clear() {
  const std::span<char> chunk = read_buffer();
  const ssize_t n = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return;
    return close(CloseReason::error);
  }
  if (n == 0) return close(CloseReason::end_of_input);
  give({chunk.data(), static_cast<std::size_t>(n)});
}

// A record at a time, while the session has some and the buffer has room for a whole one.
void Stream::read_secured() {
  const std::span<char> chunk = read_buffer();
  std::size_t filled = 0;
  TlsSession::Step step = TlsSession::Step::done;
  do {
    std::size_t n = 0;
    step = tls_->read(chunk.subspan(filled), n);
    filled += n;
  } while (step == TlsSession::Step::done && tls_->has_input() &&
           filled + TlsSession::kRecord <= chunk.size());
  if (filled > 0) give({chunk.data(), filled});
  // Who pauses hears of the end when it resumes: the session tells of it again.
  if (closed_ || !reading_) return;
  switch (step) {
    case TlsSession::Step::done: return read_later();
    case TlsSession::Step::wants_read: return;
    case TlsSession::Step::ended: return close(CloseReason::end_of_input);
    default: return fail(tls_->failure());
  }
}

void Stream::give(std::string_view bytes) {
  last_activity_ = loop_.now();
  in_callback_ = true;
  owner_.on_bytes(bytes);
  in_callback_ = false;
  flush();
}

// ---- TLS ----

ChannelBindings Stream::channel_bindings() const {
  return security_ == Security::secured ? tls_->channel_bindings() : ChannelBindings{};
}

void Stream::start_tls(std::unique_ptr<TlsSession> session, std::chrono::seconds limit) {
  if (closed_) return;
  tls_ = std::move(session);
  security_ = Security::due;
  event_del(read_event_.get());
  handshake_timer_ =
      std::make_unique<event::Timer>(loop_, [this] { fail("the handshake took too long"); });
  handshake_timer_->arm(limit);
  if (!in_callback_ && !write_pending_) static_cast<void>(write_some());
}

// It goes on from the loop, so that the owner hears nothing inside a call of its own: a server when
// its client has spoken, a client at once.
void Stream::begin_handshake() {
  if (!tls_ || !tls_->attach(fd_.get())) {
    failure_ = "no memory for TLS";
    return close_later(CloseReason::error);
  }
  security_ = Security::handshake;
  reading_ = true;
  event_add(read_event_.get(), nullptr);
  if (tls_->speaks_first()) wait_to_write();
}

void Stream::handshake() {
  switch (tls_->handshake()) {
    case TlsSession::Step::done: return secured();
    case TlsSession::Step::wants_read: event_add(read_event_.get(), nullptr); return;
    case TlsSession::Step::wants_write:
      // What there is to read would wake us again and again, and is not read before.
      event_del(read_event_.get());
      return wait_to_write();
    default: return fail(tls_->failure());
  }
}

void Stream::secured() {
  event_add(read_event_.get(), nullptr);
  security_ = Security::secured;
  handshake_timer_.reset();
  last_activity_ = loop_.now();
  in_callback_ = true;
  owner_.on_secured(tls_->info());
  in_callback_ = false;
  flush();
  read_later();
}

void Stream::fail(std::string_view why) {
  failure_ = why;
  close(CloseReason::error);
}

// ---- Time, and the end ----

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
  if ((!reading_ && !write_pending_) || securing()) last_activity_ = loop_.now();
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

void Stream::close(CloseReason reason) {
  if (closed_) return;
  closed_ = true;
  event_del(read_event_.get());
  event_del(write_event_.get());
  idle_timer_.disarm();
  if (handshake_timer_) handshake_timer_->disarm();
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

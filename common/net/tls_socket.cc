#include "common/net/tls_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace postrider::net {

namespace {

TlsSocket& socket_of(BIO* bio) { return *static_cast<TlsSocket*>(BIO_get_data(bio)); }

bool may_go_on() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int on_write(BIO* bio, const char* octets, int size) noexcept {
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::send(socket_of(bio).fd, octets, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (n < 0 && may_go_on()) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

int on_read(BIO* bio, char* to, int size) noexcept {
  BIO_clear_retry_flags(bio);
  TlsSocket& socket = socket_of(bio);
  if (socket.left == 0) {
    errno = EPROTO;
    return -1;
  }
  const ssize_t n = ::recv(socket.fd, to, std::min(static_cast<std::size_t>(size), socket.left), 0);
  if (n < 0 && may_go_on()) BIO_set_retry_read(bio);
  if (n > 0) socket.left -= static_cast<std::size_t>(n);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

// What a session asks of its BIO: nothing is ever held back here, and whether the peer has closed.
long on_control(BIO* bio, int command, long /*number*/, void* /*pointer*/) noexcept {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default: return 0;
  }
}

using Method = Handle<BIO_METHOD, &BIO_meth_free>;

Method make_method() {
  Method method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket"));
  if (method) {
    BIO_meth_set_write(method.get(), &on_write);
    BIO_meth_set_read(method.get(), &on_read);
    BIO_meth_set_ctrl(method.get(), &on_control);
  }
  return method;
}

}  // namespace

Handle<BIO, &BIO_free> make_tls_bio(TlsSocket& socket) {
  static const Method method = make_method();
  Handle<BIO, &BIO_free> bio(method ? BIO_new(method.get()) : nullptr);
  if (!bio) return bio;
  BIO_set_data(bio.get(), &socket);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace postrider::net

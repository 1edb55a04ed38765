#include "common/net/tls_session.h"

#include <openssl/err.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "common/net/certificate_fault.h"

namespace postrider::net {

namespace {

// The first error that OpenSSL noted tells most; of a certificate that was refused we know more.
std::string reason_of(const SSL* ssl) {
  const unsigned long last = ERR_peek_last_error();
  if (ERR_GET_LIB(last) == ERR_LIB_SSL && ERR_GET_REASON(last) == SSL_R_CERTIFICATE_VERIFY_FAILED)
    return certificate_fault(ssl);
  const unsigned long first = ERR_peek_error();
  // What OpenSSL calls a wrong version is hardly ever one, but text in the place of a record.
  if (ERR_GET_LIB(first) == ERR_LIB_SSL && ERR_GET_REASON(first) == SSL_R_WRONG_VERSION_NUMBER)
    return "what the peer sends is no TLS";
  const char* const reason = ERR_reason_error_string(first);
  return reason != nullptr ? reason : "protocol error";
}

}  // namespace

void TlsSession::on_message(int is_ours, int /*version*/, int type, const void* /*octets*/,
                            std::size_t /*size*/, SSL* /*ssl*/, void* socket) noexcept {
  if (is_ours != 0 || type != SSL3_RT_HANDSHAKE) return;
  auto& of = *static_cast<TlsSocket*>(socket);
  if (++of.messages > kMaxMessages) of.left = 0;
}

bool TlsSession::attach(int fd) {
  socket_ = {fd, kMaxHandshake};
  BIO* const bio = make_tls_bio(socket_).release();
  if (bio == nullptr) return false;
  SSL_set_msg_callback(ssl_.get(), &on_message);
  SSL_set_msg_callback_arg(ssl_.get(), &socket_);
  SSL_set_bio(ssl_.get(), bio, bio);  // takes one reference for both
  return true;
}

TlsSession::Step TlsSession::step_of(int result) {
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return Step::done;
    case SSL_ERROR_WANT_READ: return Step::wants_read;
    case SSL_ERROR_WANT_WRITE: return Step::wants_write;
    case SSL_ERROR_ZERO_RETURN: return Step::ended;
    case SSL_ERROR_SYSCALL:
      failure_ = socket_.left == 0 ? "the peer sends too much that is no data"
                                   : std::generic_category().message(system_error);
      break;
    default: failure_ = reason_of(ssl_.get()); break;
  }
  ERR_clear_error();
  return Step::failed;
}

TlsSession::Step TlsSession::handshake() {
  ERR_clear_error();
  const Step step = step_of(SSL_do_handshake(ssl_.get()));
  if (step == Step::done) {
    socket_.left = kMaxHandshake;
    socket_.messages = 0;
  }
  return step;
}

TlsSession::Step TlsSession::read(std::span<char> to, std::size_t& octets) {
  if (!failure_.empty()) return Step::failed;
  ERR_clear_error();
  const Step step = step_of(SSL_read_ex(ssl_.get(), to.data(), to.size(), &octets));
  if (step == Step::done && socket_.messages <= kMaxMessages) socket_.left = kMaxHandshake;
  return step;
}

bool TlsSession::has_input() const noexcept {
  return !failure_.empty() || SSL_has_pending(ssl_.get()) != 0 ||
         (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

TlsSession::Step TlsSession::write(std::string_view bytes, std::size_t& octets) {
  if (!failure_.empty()) return Step::failed;
  ERR_clear_error();
  return step_of(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &octets));
}

void TlsSession::end() noexcept {
  if (!failure_.empty()) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

TlsInfo TlsSession::info() const {
  const char* const cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl_.get()));
  return {.version = SSL_get_version(ssl_.get()),
          .cipher = cipher != nullptr ? cipher : SSL_get_cipher_name(ssl_.get()),
          .resumed = SSL_session_reused(ssl_.get()) != 0,
          .has_bindings = is_unique(),
          .verified = is_verified()};
}

// Without a certificate OpenSSL calls its verification good as well.
bool TlsSession::is_verified() const {
  return SSL_get0_peer_certificate(ssl_.get()) != nullptr &&
         SSL_get_verify_result(ssl_.get()) == X509_V_OK;
}

// A session of TLS 1.2 without the extended master secret may be one of two that share their keys
// (RFC 7627 section 1).
bool TlsSession::is_unique() const {
  return SSL_version(ssl_.get()) >= TLS1_3_VERSION || SSL_get_extms_support(ssl_.get()) == 1;
}

ChannelBindings TlsSession::channel_bindings() const {
  constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";  // RFC 9266 section 2
  constexpr std::size_t kExported = 32;
  constexpr std::size_t kFinished = 64;  // more than any Finished message holds
  ChannelBindings bindings;
  if (!is_unique()) return bindings;
  std::string octets(kExported, '\0');
  if (SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(octets.data()),
                                 octets.size(), kLabel.data(), kLabel.size(), nullptr, 0, 0) == 1)
    bindings.tls_exporter = std::move(octets);
  if (SSL_version(ssl_.get()) >= TLS1_3_VERSION) return bindings;
  // The first Finished message of the handshake (RFC 5929 section 3.1): the server's where a
  // session is resumed, else the client's.
  std::string finished(kFinished, '\0');
  const bool ours = (SSL_session_reused(ssl_.get()) != 0) == (SSL_is_server(ssl_.get()) != 0);
  finished.resize((ours ? SSL_get_finished : SSL_get_peer_finished)(ssl_.get(), finished.data(),
                                                                    finished.size()));
  bindings.tls_unique = std::move(finished);
  return bindings;
}

}  // namespace postrider::net

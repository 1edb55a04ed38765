#include "common/net/tls_client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

#include "common/base/check.h"
#include "common/net/certificate_fault.h"
#include "common/net/ssl_slot.h"

namespace postrider::net {

namespace {

using PeerSlot = SslSlot<TlsPeer>;

// RFC 9325 section 5.2: where the clear is what remains, anything that is TLS is better. Some
// servers have CBC or no ephemeral keys, or do not know of RFC 5746.
constexpr const char* kAnyTls12Ciphers =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:DHE+AES:kRSA+AES:!aNULL";
constexpr int kLeastSecurityLevel = 1;  // of OpenSSL: keys of 80 bits' worth

bool take_any_tls(SSL* ssl) {
  SSL_set_security_level(ssl, kLeastSecurityLevel);
  SSL_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT);
  return SSL_set_cipher_list(ssl, kAnyTls12Ciphers) == 1;
}

// What the certificate has to be for.
bool expect(X509_VERIFY_PARAM* parameters, const TlsPeer& peer) {
  X509_VERIFY_PARAM_set_hostflags(
      parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  for (const std::string& name : peer.names)
    if (X509_VERIFY_PARAM_add1_host(parameters, name.data(), name.size()) != 1) return false;
  if (!peer.names.empty()) return true;
  if (!peer.host.empty())
    return X509_VERIFY_PARAM_set1_host(parameters, peer.host.data(), peer.host.size()) == 1;
  const std::string_view ip = std::get<SocketAddress>(peer.address).ip.octets();
  return X509_VERIFY_PARAM_set1_ip(parameters, reinterpret_cast<const unsigned char*>(ip.data()),
                                   ip.size()) == 1;
}

bool name_host(SSL* ssl, std::string host) {
  return host.empty() ||
         SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()) == 1;
}

}  // namespace

Result<std::unique_ptr<TlsClient>> TlsClient::load(const std::string& authorities,
                                                   const Clock& clock) {
  std::unique_ptr<TlsClient> client(new TlsClient(clock));
  if (auto ready = client->set_up(authorities); !ready) return pass_on(std::move(ready.error()));
  return client;
}

Result<void> TlsClient::set_up(const std::string& authorities) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_ || !set_up_tls(context_.get(), false)) return tls_failure("TLS");
  const bool loaded = authorities.empty()
                          ? SSL_CTX_set_default_verify_paths(context_.get()) == 1
                          : SSL_CTX_load_verify_file(context_.get(), authorities.c_str()) == 1;
  if (!loaded) return tls_failure(authorities.empty() ? "the system's authorities" : authorities);
  SSL_CTX_set_app_data(context_.get(), this);
  SSL_CTX_set_session_cache_mode(context_.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.get(), &TlsClient::on_session);
  return {};
}

std::unique_ptr<TlsSession> TlsClient::connect(const TlsPeer& peer) {
  POSTRIDER_CHECK(peer.level != TlsLevel::none);
  Handle<SSL, &SSL_free> ssl(SSL_new(context_.get()));
  const int mode = peer.level == TlsLevel::verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
  if (!ssl || !watch_certificate(ssl.get(), mode) || !expect(SSL_get0_param(ssl.get()), peer) ||
      !name_host(ssl.get(), peer.host) ||
      !PeerSlot::fill(ssl.get(), std::make_unique<TlsPeer>(peer)) ||
      (peer.level == TlsLevel::may && !take_any_tls(ssl.get())) ||
      (peer.only_tls13 && SSL_set_min_proto_version(ssl.get(), TLS1_3_VERSION) != 1))
    return nullptr;
  if (const auto session = sessions_.take(peer, now())) SSL_set_session(ssl.get(), session->get());
  SSL_set_connect_state(ssl.get());
  return std::make_unique<TlsSession>(std::move(ssl));
}

// OpenSSL has a session resumed no more whose connection ended without close_notify, as many
// servers end theirs: so a copy is kept.
int TlsClient::on_session(SSL* ssl, SSL_SESSION* session) noexcept {
  constexpr int kNotTaken = 0;
  auto& self = *static_cast<TlsClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const TlsPeer* const peer = PeerSlot::find(ssl);
  Session copy(SSL_SESSION_dup(session));
  if (peer != nullptr && copy && SSL_SESSION_is_resumable(copy.get()) == 1)
    self.sessions_.remember(*peer, std::move(copy), self.now());
  return kNotTaken;
}

}  // namespace postrider::net

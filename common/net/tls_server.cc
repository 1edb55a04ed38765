#include "common/net/tls_server.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include <fmt/format.h>

namespace postrider::net {

namespace {

// That a client of TLS 1.3 gets: a mail client opens one connection at a time.
constexpr std::size_t kTickets = 1;
// Keeps our sessions apart from those of another program with the same certificate.
constexpr std::string_view kSessionContext = "postrider";

// Of a key that is encrypted; OpenSSL's own would ask at the terminal.
int on_passphrase(char*, int, int, void* is_encrypted) noexcept {
  if (is_encrypted != nullptr) *static_cast<bool*>(is_encrypted) = true;
  return -1;
}

}  // namespace

// ---- Certificates ----

TlsServer::TlsServer(Options options, TicketKeys& keys, const Clock& clock)
    : options_(std::move(options)), keys_(keys), clock_(clock) {}
TlsServer::~TlsServer() = default;

Result<std::unique_ptr<TlsServer>> TlsServer::load(Options options, TicketKeys& keys,
                                                   const Clock& clock) {
  std::unique_ptr<TlsServer> server(new TlsServer(std::move(options), keys, clock));
  server->seen_ = server->tried_ = server->fingerprint();
  auto contexts = server->load_contexts();
  if (!contexts) return pass_on(std::move(contexts.error()));
  server->contexts_ = std::move(*contexts);
  return server;
}

Result<bool> TlsServer::refresh() {
  std::string now = fingerprint();
  if (now != std::exchange(seen_, now) || now == tried_) return false;
  tried_ = std::move(now);
  auto contexts = load_contexts();
  if (!contexts) return pass_on(std::move(contexts.error()));
  contexts_ = std::move(*contexts);
  return true;
}

// Changes whenever a file is replaced or written.
std::string TlsServer::fingerprint() const {
  std::string text;
  for (const Files& files : options_.files) {
    for (const std::string* path : {&files.certificate, &files.key}) {
      struct stat status {};
      if (::stat(path->c_str(), &status) != 0) status = {};
      text += fmt::format("{}.{}.{}.{}.{} ", status.st_dev, status.st_ino, status.st_size,
                          status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    }
  }
  return text;
}

Result<std::vector<TlsContext>> TlsServer::load_contexts() {
  std::vector<TlsContext> contexts;
  for (const Files& files : options_.files) {
    auto context = load_context(files);
    if (!context) return pass_on(std::move(context.error()));
    contexts.push_back(std::move(*context));
  }
  return contexts;
}

Result<TlsContext> TlsServer::load_context(const Files& files) {
  // OpenSSL tells of a missing file as of a damaged one.
  for (const std::string& path : {files.certificate, files.key}) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return fail_errno(path, errno);
  }
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context || !set_up(context.get())) return tls_failure("TLS");
  bool is_encrypted = false;
  SSL_CTX_set_default_passwd_cb(context.get(), &on_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(context.get(), &is_encrypted);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
    return tls_failure(files.certificate);
  const bool is_pair =
      SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_check_private_key(context.get()) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context.get(), nullptr);
  if (is_encrypted) {
    ERR_clear_error();
    return fail(ErrorKind::invalid,
                fmt::format("{}: the key is encrypted, and nobody is there to say its passphrase; "
                            "write it without one: openssl pkey -in {} -out FILE",
                            files.key, files.key));
  }
  if (!is_pair)
    return tls_failure(fmt::format("{} with {}", files.key, files.certificate));
  return context;
}

bool TlsServer::set_up(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // What resumes a session is the client's ticket: nothing is kept here.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, std::chrono::seconds(TicketKeys::kPeriod).count());
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(&TlsServer::on_server_name));
  SSL_CTX_set_tlsext_servername_arg(context, this);
  SSL_CTX_set_alpn_select_cb(context, &TlsServer::on_protocols, this);
  return set_up_tls(context, options_.only_tls13) &&
         SSL_CTX_set_num_tickets(context, kTickets) == 1 &&
         SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &TlsServer::on_ticket) == 1 &&
         SSL_CTX_set_session_id_context(
             context, reinterpret_cast<const unsigned char*>(kSessionContext.data()),
             static_cast<unsigned>(kSessionContext.size())) == 1;
}

std::optional<WallTime> TlsServer::first_expiry() const {
  std::optional<WallTime> first;
  for (const TlsContext& context : contexts_) {
    const X509* certificate = SSL_CTX_get0_certificate(context.get());
    std::tm date{};
    if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &date) != 1)
      continue;
    const WallTime expiry{std::chrono::seconds(::timegm(&date))};
    if (!first || expiry < *first) first = expiry;
  }
  return first;
}

std::unique_ptr<TlsSession> TlsServer::accept() {
  Handle<SSL, &SSL_free> ssl(SSL_new(contexts_.front().get()));
  if (!ssl) return nullptr;
  SSL_set_accept_state(ssl.get());
  return std::make_unique<TlsSession>(std::move(ssl));
}

// ---- What OpenSSL asks during a handshake ----

int TlsServer::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                         EVP_MAC_CTX* mac, int sealing) noexcept {
  constexpr int kFailed = -1;
  constexpr int kUnknown = 0;  // the handshake goes on without the ticket
  constexpr int kGood = 1;
  constexpr int kGoodAndRenewed = 2;
  auto& self = *static_cast<TlsServer*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const WallTime now = self.clock_.now();
  const TicketKeys::Key* key = &self.keys_.current(now);
  int result = kGood;
  if (sealing != 0) {
    std::copy(key->name.begin(), key->name.end(), name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return kFailed;
  } else {
    const TicketKeys::Key* const known = self.keys_.find(
        std::span<const unsigned char, TicketKeys::kNameSize>(name, TicketKeys::kNameSize), now);
    if (known == nullptr) return kUnknown;
    // Under TLS 1.3 a client uses a ticket once (RFC 8446 appendix C.4).
    if (known != key || SSL_version(ssl) == TLS1_3_VERSION) result = kGoodAndRenewed;
    key = known;
  }
  std::array<char, 7> digest{"SHA256"};
  auto mac_key = key->mac;  // OpenSSL wants what it could change
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key.data(), mac_key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  const bool ready =
      EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, sealing) == 1 &&
      EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  OPENSSL_cleanse(mac_key.data(), mac_key.size());
  return ready ? result : kFailed;
}

// A name that no certificate has gets the default: the client judges.
int TlsServer::on_server_name(SSL* ssl, int* /*alert*/, void* self) noexcept {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  for (const TlsContext& context : static_cast<TlsServer*>(self)->contexts_) {
    X509* const certificate = SSL_CTX_get0_certificate(context.get());
    if (X509_check_host(certificate, name, 0, 0, nullptr) != 1) continue;
    SSL_set_SSL_CTX(ssl, context.get());
    break;
  }
  return SSL_TLSEXT_ERR_OK;
}

int TlsServer::on_protocols(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* length,
                            const unsigned char* offered, unsigned offered_length,
                            void* self) noexcept {
  const auto& ours = static_cast<TlsServer*>(self)->options_.protocols;
  // OpenSSL has checked that each length stays within the list.
  for (unsigned at = 0; at < offered_length; at += 1U + offered[at]) {
    const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
    if (std::find(ours.begin(), ours.end(), name) == ours.end()) continue;
    *chosen = offered + at + 1;
    *length = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace postrider::net

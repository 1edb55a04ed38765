// tls_server.h - the server's side of TLS for all connections of a worker: certificates, versions,
// session tickets.
//
// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption alone; no renegotiation, no
// compression, no early data (RFC 9325). A client that names protocols (ALPN, RFC 7301) without one
// of ours is refused, so that nobody can have a browser speak to us (RFC 9325 section 3.8).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/net/ticket_keys.h"
#include "common/net/tls_context.h"
#include "common/net/tls_session.h"

namespace postrider::net {

class TlsServer {
 public:
  struct Files {
    std::string certificate;  // path of the chain in PEM, the server's own first
    std::string key;          // path of its key in PEM
  };
  struct Options {
    // Not empty. A client gets the first that is for the host it names (SNI, RFC 6066 section 3),
    // wildcards included; one that names none, or a stranger's, gets the very first.
    std::vector<Files> files;
    bool only_tls13 = false;
    std::vector<std::string> protocols;  // in ALPN
  };

  // `keys` and `clock` outlive the server. The error names the file and what is wrong with it.
  static Result<std::unique_ptr<TlsServer>> load(Options options, TicketKeys& keys,
                                                 const Clock& clock);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  // To be called now and then. Loads the files anew when one has changed, but not before two calls
  // found them the same, as certificate and key are seldom replaced at once: true if it did. After
  // an error the old ones serve on, and the same files are not tried again. Sessions keep the
  // certificate that they began with.
  Result<bool> refresh();

  // When the first of the certificates that are served expires; nothing: none says.
  std::optional<WallTime> first_expiry() const;

  // The server's side of a session, which this outlives; null without memory.
  std::unique_ptr<TlsSession> accept();

 private:
  TlsServer(Options options, TicketKeys& keys, const Clock& clock);
  Result<std::vector<TlsContext>> load_contexts();
  Result<TlsContext> load_context(const Files& files);
  bool set_up(SSL_CTX* context);
  std::string fingerprint() const;

  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int sealing) noexcept;
  static int on_server_name(SSL* ssl, int* alert, void* self) noexcept;
  static int on_protocols(SSL* ssl, const unsigned char** chosen, unsigned char* length,
                          const unsigned char* offered, unsigned offered_length,
                          void* self) noexcept;

  const Options options_;
  TicketKeys& keys_;
  const Clock& clock_;
  std::vector<TlsContext> contexts_;  // as options_.files
  std::string tried_;                 // what the files were like when they were last loaded
  std::string seen_;                  // and when they were last looked at
};

}  // namespace postrider::net

// tls_client.h - our side of TLS with the servers that we connect to: whom to trust, and sessions
// that are resumed.
//
// Versions and ciphers are those of tls_context.h; where TLS is a gift (TlsLevel::may) a server of
// TLS 1.2 may have older ciphers, which are better than the clear. A server is told which host is
// meant (SNI), never an address (RFC 6066 section 3). A certificate is for the names in its
// subjectAltName, with a wildcard for a whole label alone (RFC 9525 section 6).
#pragma once

#include <chrono>
#include <compare>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/base/short_memory.h"
#include "common/base/tls_level.h"
#include "common/net/endpoint.h"
#include "common/net/tls_context.h"
#include "common/net/tls_session.h"

namespace postrider::net {

// A server, and what TLS with it has to be. What was agreed on with one is never used for another.
struct TlsPeer {
  Endpoint address;  // an IP address and port where the level is not none
  TlsLevel level = TlsLevel::none;
  std::string host;                // empty: it is known by its address alone
  std::vector<std::string> names;  // its certificate has one of them, ".example.org" being any host
                                   // below; empty: it is for `host`, or the address
  bool only_tls13 = false;
  auto operator<=>(const TlsPeer&) const = default;
};

class TlsClient {
 public:
  // Sessions that are kept: one for a server, for so long at most (RFC 8446 section 4.6.1 would
  // allow seven days).
  static constexpr std::size_t kMaxSessions = 1000;
  static constexpr std::chrono::hours kSessionLifetime{1};

  // `authorities`: path of the certificates that are trusted, in PEM; empty: the system's. The
  // error names the file and what is wrong with it. `clock` outlives the client.
  static Result<std::unique_ptr<TlsClient>> load(const std::string& authorities,
                                                 const Clock& clock);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Our side of a session with `peer`, which this outlives; null without memory.
  // Precondition: the peer's level is not none.
  std::unique_ptr<TlsSession> connect(const TlsPeer& peer);

 private:
  using Session = Handle<SSL_SESSION, &SSL_SESSION_free>;

  explicit TlsClient(const Clock& clock)
      : clock_(clock), sessions_(kSessionLifetime, kMaxSessions) {}
  Result<void> set_up(const std::string& authorities);
  std::chrono::microseconds now() const { return clock_.now().time_since_epoch(); }
  static int on_session(SSL* ssl, SSL_SESSION* session) noexcept;

  const Clock& clock_;
  TlsContext context_;
  ShortMemory<TlsPeer, Session> sessions_;  // each is used once (RFC 8446 appendix C.4)
};

}  // namespace postrider::net

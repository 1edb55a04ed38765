// tls_session.h - TLS over one connected socket: the handshake, records, and their end.
//
// Nothing waits: where a step cannot go on it says for what. While a session is idle OpenSSL gives
// its buffers back. RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "common/base/channel_bindings.h"
#include "common/base/handle.h"
#include "common/net/tls_socket.h"

namespace postrider::net {

// As OpenSSL calls it.
inline constexpr std::string_view kTls13 = "TLSv1.3";

// What was agreed on, for the log and the Received field. The names live as long as the program.
struct TlsInfo {
  std::string_view version;  // "TLSv1.3"
  std::string_view cipher;   // as IANA has it: "TLS_AES_256_GCM_SHA384"
  bool resumed = false;
  bool has_bindings = false;  // channel_bindings() has some
  bool verified = false;      // the peer's certificate is trusted, and for the name that was asked
};

class TlsSession {
 public:
  enum class Step {
    done,
    wants_read,   // goes on when the socket can be read
    wants_write,  // goes on when the socket can be written
    ended,        // the peer has said that nothing follows (close_notify)
    failed,       // for good: failure() says why
  };

  // The most that one record holds (RFC 8446 section 5.1).
  static constexpr std::size_t kRecord = 16384;
  // Octets of a handshake: more than OpenSSL takes of certificates. And of what is read behind it
  // between data and data: one message may come in records of an octet each.
  static constexpr std::size_t kMaxHandshake = std::size_t{256} * 1024;
  // Messages of the peer behind it that are no data: tickets, new keys (RFC 8446 section 4.6), the
  // beginning of another handshake. Beyond that the session fails: each costs us some microseconds,
  // and OpenSSL goes on as long as there is one. New keys come once in 2^24 records (section 5.5).
  static constexpr unsigned kMaxMessages = 64;

  // `ssl` has its context and its side.
  explicit TlsSession(Handle<SSL, &SSL_free> ssl) : ssl_(std::move(ssl)) {}
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Before all else: the non-blocking `fd` outlives the session. False without memory.
  [[nodiscard]] bool attach(int fd);

  // Whether it is the client's side, which begins the handshake.
  bool speaks_first() const noexcept { return SSL_is_server(ssl_.get()) == 0; }
  // Until it is done: once more after each wait.
  Step handshake();
  // Decrypted octets into `to`; when the step is done `octets` says how many, and there may be
  // more.
  Step read(std::span<char> to, std::size_t& octets);
  // Whether read() has something to tell that the socket does not: what was taken from it already,
  // or the end.
  bool has_input() const noexcept;
  // Some of `bytes`; `octets` says how many. After a wait it is called with the same octets first.
  // Without renegotiation it never waits to read.
  Step write(std::string_view bytes, std::size_t& octets);
  // Tells the peer that nothing follows, if the socket takes it.
  void end() noexcept;

  // Precondition: the handshake is done.
  TlsInfo info() const;
  ChannelBindings channel_bindings() const;
  std::string_view failure() const noexcept { return failure_; }

 private:
  // As OpenSSL calls it for each message, of the TlsSocket `socket`.
  static void on_message(int is_ours, int version, int type, const void* octets, std::size_t size,
                         SSL* ssl, void* socket) noexcept;
  Step step_of(int result);
  bool is_unique() const;
  bool is_verified() const;

  TlsSocket socket_;
  Handle<SSL, &SSL_free> ssl_;
  std::string failure_;
};

}  // namespace postrider::net

// certificate_fault.h - what is wrong with the certificate of a server that we connect to, in words
// that its operator understands.
//
// RFC 5280 (X.509), RFC 9525 (names of servers).
#pragma once

#include <openssl/ssl.h>

#include <string>

namespace postrider::net {

// Names of a certificate that are told.
inline constexpr std::size_t kNamesTold = 5;
// Octets of each (RFC 1035 section 2.3.4).
inline constexpr std::size_t kMaxName = 255;

// Has the handshake of `ssl` fail (`mode` SSL_VERIFY_PEER) or go on (SSL_VERIFY_NONE) where the
// certificate cannot be verified, and remember why. False without memory.
bool watch_certificate(SSL* ssl, int mode);

// "the certificate is for mx.example.net, not for mx.example.org"; empty: nothing was wrong.
std::string certificate_fault(const SSL* ssl);

}  // namespace postrider::net

// tls_context.h - what both sides of TLS have in common: ciphers, groups, and what is never done.
//
// RFC 9325; OpenSSL's contexts are made and changed in common/net alone.
#pragma once

#include <openssl/ssl.h>

#include <string_view>

#include "common/base/handle.h"
#include "common/base/result.h"

namespace postrider::net {

using TlsContext = Handle<SSL_CTX, &SSL_CTX_free>;

// Versions from 1.2 on, or 1.3 alone; forward secrecy and authenticated encryption; no
// renegotiation, no compression. False without memory.
bool set_up_tls(SSL_CTX* context, bool only_tls13);

// An Error of kind invalid: `what`, and what OpenSSL says of its last failure.
tl::unexpected<Error> tls_failure(std::string_view what);

}  // namespace postrider::net

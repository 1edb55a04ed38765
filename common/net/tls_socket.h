// tls_socket.h - a connected socket as OpenSSL reads and writes it.
//
// OpenSSL's own writes with write(), whose SIGPIPE ends the process when a peer is gone.
#pragma once

#include <openssl/bio.h>

#include "common/base/handle.h"

namespace postrider::net {

// Borrows the non-blocking `fd`, which outlives it. Null without memory.
Handle<BIO, &BIO_free> make_tls_socket(int fd);

}  // namespace postrider::net

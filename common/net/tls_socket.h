// tls_socket.h - a connected socket as OpenSSL reads and writes it.
//
// OpenSSL's own writes with write(), whose SIGPIPE ends the process when a peer is gone. And it
// goes on reading as long as it finds what is no data: a peer that sends nothing else would keep it
// there for as long as it likes.
#pragma once

#include <cstddef>

#include <openssl/bio.h>

#include "common/base/handle.h"

namespace postrider::net {

struct TlsSocket {
  int fd = -1;            // non-blocking
  std::size_t left = 0;   // octets that may still be read; who reads on finds EPROTO
  unsigned messages = 0;  // of the peer that are no data
};

// Borrows `socket`, which outlives it. Null without memory.
Handle<BIO, &BIO_free> make_tls_bio(TlsSocket& socket);

}  // namespace postrider::net

// tls_client.h - what a test needs to speak TLS with a server: a certificate, and a client by
// OpenSSL with all that it may want.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "common/net/certificate.h"
#include "common/net/tls_server.h"
#include "tests/unit/temp_directory.h"

namespace postrider::net::testing {

// Writes a new certificate for `hostname`; another inode each time, as programs that renew leave
// it.
inline TlsServer::Files write_certificate(const postrider::test::TempDirectory& directory,
                                          const std::string& hostname) {
  const auto made = make_self_signed(hostname);
  REQUIRE(made);
  TlsServer::Files files{directory.path(hostname + ".pem"), directory.path(hostname + ".key")};
  const auto write = [](const std::string& path, const std::string& text) {
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
  };
  write(files.certificate, made->certificate);
  write(files.key, made->key);
  return files;
}

struct TlsClient {
  std::unique_ptr<TlsSession> session() {
    Handle<SSL, &SSL_free> ssl(SSL_new(context.get()));
    SSL_set_connect_state(ssl.get());
    if (!name.empty())
      SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    if (ticket) SSL_set_session(ssl.get(), ticket.get());
    raw = ssl.get();
    return std::make_unique<TlsSession>(std::move(ssl));
  }

  Handle<SSL_CTX, &SSL_CTX_free> context{SSL_CTX_new(TLS_client_method())};
  std::string name;
  Handle<SSL_SESSION, &SSL_SESSION_free> ticket;
  SSL* raw = nullptr;  // the last session, while it lives
};

}  // namespace postrider::net::testing

// What a handshake that resumes a session costs each side: OpenSSL alone, in memory, without sockets and
// without a server around it. The bound of the workload `tls`.
//
//   handshake CERTIFICATE KEY [-2]
//   -2  TLS 1.2 at most
// Prints one line of JSON: milliseconds of CPU of client and server, of one handshake.
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <initializer_list>

namespace {

constexpr int kHandshakes = 3000;
SSL_SESSION *g_session = nullptr; // of the last handshake

int on_session(SSL *, SSL_SESSION *session) {
  SSL_SESSION_free(g_session);
  g_session = session;
  return 1;
}

double cpu_now() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}

struct Side {
  template <typename F>
  auto operator()(F work) {
    struct Watch {
      double &ms, since = cpu_now();
      ~Watch() { ms += cpu_now() - since; }
    } watch{ms};
    return work();
  }
  double ms = 0;
};

// Whether the session was resumed.
bool shake_hands(SSL_CTX *client_context, SSL_CTX *server_context, Side &client, Side &server) {
  SSL *c = client([&] {
    SSL *ssl = SSL_new(client_context);
    SSL_set_connect_state(ssl);
    if (g_session) SSL_set_session(ssl, g_session);
    return ssl;
  });
  SSL *s = server([&] {
    SSL *ssl = SSL_new(server_context);
    SSL_set_accept_state(ssl);
    return ssl;
  });
  BIO *one, *other;
  BIO_new_bio_pair(&one, 0, &other, 0);
  SSL_set_bio(c, one, one);
  SSL_set_bio(s, other, other);
  for (bool done = false; !done;) {
    const int a = client([&] { return SSL_do_handshake(c); });
    const int b = server([&] { return SSL_do_handshake(s); });
    done = a == 1 && b == 1;
  }
  char octet = 0; // with which TLS 1.3 brings the tickets
  server([&] { return SSL_write(s, &octet, 1); });
  client([&] { return SSL_read(c, &octet, 1); });
  const bool resumed = SSL_session_reused(c) == 1;
  for (SSL *ssl : {c, s}) SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  server([&] { SSL_free(s); return 0; });
  client([&] { SSL_free(c); return 0; });
  return resumed;
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 3) return fprintf(stderr, "usage: handshake CERTIFICATE KEY [-2]\n"), 2;
  SSL_CTX *server = SSL_CTX_new(TLS_server_method()), *client = SSL_CTX_new(TLS_client_method());
  if (SSL_CTX_use_certificate_chain_file(server, argv[1]) != 1 ||
      SSL_CTX_use_PrivateKey_file(server, argv[2], SSL_FILETYPE_PEM) != 1)
    return fprintf(stderr, "handshake: %s and %s cannot be used\n", argv[1], argv[2]), 1;
  SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF); // tickets
  SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(client, on_session);
  // As ours: the cheapest suite.
  SSL_CTX_set_ciphersuites(client, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_cipher_list(client, "ECDHE-ECDSA-AES128-GCM-SHA256");
  if (argc > 3 && !strcmp(argv[3], "-2")) SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
  Side ignored, client_side, server_side;
  shake_hands(client, server, ignored, ignored);
  int resumed = 0;
  for (int i = 0; i < kHandshakes; ++i) resumed += shake_hands(client, server, client_side, server_side);
  printf("{\"client_ms\": %.4f, \"server_ms\": %.4f, \"resumed\": %d, \"n\": %d}\n", client_side.ms / kHandshakes,
         server_side.ms / kHandshakes, resumed, kHandshakes);
  return resumed == kHandshakes ? 0 : 1;
}

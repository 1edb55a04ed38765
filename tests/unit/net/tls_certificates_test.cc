// Which certificate is served, and what becomes of it when its files change.
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <fstream>

#include "common/net/certificate_watch.h"
#include "tests/unit/net/tls_world.h"

namespace net_tls_certificates_test {

using namespace postrider;
using net::testing::Connection;
using net::testing::World;
using net::testing::write_certificate;

namespace {

// The host of the certificate that the client gets.
std::string served(World& world, net::TlsServer& server, const std::string& asked_for) {
  world.client.name = asked_for;
  const Connection connection(world, server);
  REQUIRE(connection.secured());
  const Handle<X509, &X509_free> certificate(SSL_get1_peer_certificate(world.client.raw));
  for (const std::string host : {"mx.example.org", "mx.example.net"})
    if (X509_check_host(certificate.get(), host.data(), 0, 0, nullptr) == 1) return host;
  return "";
}

long serial_served(World& world, net::TlsServer& server) {
  const Connection connection(world, server);
  REQUIRE(connection.secured());
  const Handle<X509, &X509_free> certificate(SSL_get1_peer_certificate(world.client.raw));
  std::uint64_t serial = 0;
  REQUIRE(ASN1_INTEGER_get_uint64(&serial, X509_get0_serialNumber(certificate.get())) == 1);
  return static_cast<long>(serial);
}

}  // namespace

TEST_CASE("net tls: the certificate is the one of the name that the client asks for",
          "[net][tls]") {
  World world;
  const auto server = world.load({.files = {write_certificate(world.directory, "mx.example.org"),
                                            write_certificate(world.directory, "mx.example.net")}});
  CHECK(served(world, *server, "mx.example.net") == "mx.example.net");
  CHECK(served(world, *server, "MX.example.NET") == "mx.example.net");
  CHECK(served(world, *server, "mx.example.org") == "mx.example.org");
  CHECK(served(world, *server, "other.example.org") == "mx.example.org");
  CHECK(served(world, *server, "") == "mx.example.org");
}

TEST_CASE("net tls: files that changed are served anew once they rest, and sessions go on",
          "[net][tls]") {
  World world;
  const auto server = world.load();
  const long before = serial_served(world, *server);
  Connection open(world, *server);
  CHECK_FALSE(server->refresh().value());
  write_certificate(world.directory, "mx.example.org");
  CHECK_FALSE(server->refresh().value());
  CHECK(server->refresh().value());
  CHECK_FALSE(server->refresh().value());
  CHECK(serial_served(world, *server) != before);
  open.exchange();
}

TEST_CASE("net tls: files that cannot be used leave the old ones in service, and are told of once",
          "[net][tls]") {
  World world;
  const auto server = world.load();
  const long before = serial_served(world, *server);
  const std::string path = world.directory.path("mx.example.org.pem");
  std::string lines;
  log::Logger log{"smtpd", log::Level::info, log::Format::logfmt, world.clock,
                  [&](std::string_view text) { lines += text; }};
  event::EventLoop loop;
  std::ofstream(path) << "this is no certificate\n";
  static_cast<void>(server->refresh());
  const net::CertificateWatch watch(loop, *server, log, 1);
  CHECK(lines.find("event=certificates_not_loaded worker=1 reason=\"" + path + ": ") !=
        std::string::npos);
  CHECK_FALSE(server->refresh().value());
  CHECK(serial_served(world, *server) == before);

  lines.clear();
  write_certificate(world.directory, "mx.example.org");
  static_cast<void>(server->refresh());
  const net::CertificateWatch second(loop, *server, log, 1);
  CHECK(lines.find("event=certificates_loaded worker=1") != std::string::npos);
  CHECK(serial_served(world, *server) != before);
}

TEST_CASE("net tls: what cannot be loaded is named", "[net][tls]") {
  World world;
  const auto files = write_certificate(world.directory, "mx.example.org");
  const auto others = write_certificate(world.directory, "mx.example.net");
  const auto error = [&](const net::TlsServer::Files& these) {
    const auto server = net::TlsServer::load({.files = {files, these}}, world.keys, world.clock);
    REQUIRE_FALSE(server);
    return server.error().text;
  };
  CHECK(error({"/nowhere.pem", files.key}) == "/nowhere.pem: No such file or directory");
  CHECK(error({files.key, files.key}).starts_with(files.key + ": "));
  CHECK(error({files.certificate, files.certificate}).starts_with(files.certificate + " with "));
  CHECK(error({files.certificate, others.key}) ==
        others.key + " with " + files.certificate + ": key values mismatch");

  const std::string encrypted = world.directory.path("encrypted.key");
  {
    const Handle<BIO, &BIO_free> from(BIO_new_file(files.key.c_str(), "r"));
    const Handle<BIO, &BIO_free> to(BIO_new_file(encrypted.c_str(), "w"));
    const Handle<EVP_PKEY, &EVP_PKEY_free> key(
        PEM_read_bio_PrivateKey(from.get(), nullptr, nullptr, nullptr));
    REQUIRE(PEM_write_bio_PKCS8PrivateKey(to.get(), key.get(), EVP_aes_256_cbc(), "secret", 6,
                                          nullptr, nullptr) == 1);
  }
  CHECK(error({files.certificate, encrypted}).starts_with(encrypted + ": the key is encrypted"));
}

}  // namespace net_tls_certificates_test

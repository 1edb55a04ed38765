// authority.h - certificates as a test wants them, by an authority of its own.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>
#include <string>

#include "common/net/tls_server.h"
#include "tests/unit/temp_directory.h"

namespace postrider::net::testing {

class Authority {
 public:
  explicit Authority(const postrider::test::TempDirectory& directory,
                     const char* name = "authority")
      : directory_(directory), name_(name) {
    certificate_ = make(name_, "", "critical,CA:TRUE", key_.get(), -1, 30);
    write(certificate_path(), [&](BIO* to) { PEM_write_bio_X509(to, certificate_.get()); });
  }

  std::string certificate_path() const { return directory_.path("authority.pem"); }

  // A certificate for `names` ("DNS:mx.example.org,IP:192.0.2.1"; empty: none), valid between these
  // days from now.
  TlsServer::Files issue(const std::string& names, int from = -1, int until = 30) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate =
        make("mx.example.com", names, "critical,CA:FALSE", key.get(), from, until);
    TlsServer::Files files{directory_.path("issued.pem"), directory_.path("issued.key")};
    write(files.certificate, [&](BIO* to) { PEM_write_bio_X509(to, certificate.get()); });
    write(files.key, [&](BIO* to) {
      PEM_write_bio_PKCS8PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return files;
  }

 private:
  using Key = Handle<EVP_PKEY, &EVP_PKEY_free>;
  using Certificate = Handle<X509, &X509_free>;

  Certificate make(const char* subject, const std::string& names, const std::string& basic,
                   EVP_PKEY* key, int from, int until) {
    constexpr long kDay = 86'400;
    Certificate made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from * kDay);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), until * kDay);
    set_name(X509_get_subject_name(made.get()), subject);
    set_name(X509_get_issuer_name(made.get()), name_);
    X509_set_pubkey(made.get(), key);
    extend(made.get(), NID_basic_constraints, basic);
    if (!names.empty()) extend(made.get(), NID_subject_alt_name, names);
    REQUIRE(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
    return made;
  }
  static void set_name(X509_NAME* name, const char* text) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(text), -1, -1, 0);
  }
  static void extend(X509* certificate, int nid, const std::string& value) {
    const Handle<X509_EXTENSION, &X509_EXTENSION_free> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    REQUIRE(X509_add_ext(certificate, extension.get(), -1) == 1);
  }
  template <typename Write>
  static void write(const std::string& path, Write write) {
    const Handle<BIO, &BIO_free> file(BIO_new_file(path.c_str(), "w"));
    REQUIRE(file);
    write(file.get());
  }

  const postrider::test::TempDirectory& directory_;
  const char* const name_;
  long serial_ = 0;
  Key key_{EVP_EC_gen("P-256")};
  Certificate certificate_;
};

}  // namespace postrider::net::testing

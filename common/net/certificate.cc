#include "common/net/certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>

#include <fmt/format.h>

#include "common/base/handle.h"

namespace postrider::net {

namespace {

using Key = Handle<EVP_PKEY, &EVP_PKEY_free>;
using Certificate = Handle<X509, &X509_free>;
using Memory = Handle<BIO, &BIO_free>;

constexpr long kVersion3 = 2;  // X.509 counts its versions from 0
constexpr long kSecondsADay = 86'400;

tl::unexpected<Error> failed(std::string_view what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  return fail(ErrorKind::temporary, fmt::format("{}: {}", what, text.data()));
}

std::string content(BIO* memory) {
  char* octets = nullptr;
  const long length = BIO_get_mem_data(memory, &octets);
  return {octets, static_cast<std::size_t>(length)};
}

bool set_serial(X509* certificate) {
  // RFC 5280 section 4.1.2.2: positive and unique; 63 random bits.
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), (serial >> 1U) | 1U) == 1;
}

// Subject and issuer are the same name. RFC 5280 allows a common name of 64 octets; a longer
// hostname stands in subjectAltName alone, which is what clients look at.
bool set_names(X509* certificate, const std::string& hostname) {
  constexpr std::size_t kMaxCommonName = 64;
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* octets = reinterpret_cast<const unsigned char*>(hostname.c_str());
  if (hostname.size() <= kMaxCommonName &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, octets, -1, -1, 0) != 1)
    return false;
  return X509_set_issuer_name(certificate, name) == 1;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  const Handle<X509_EXTENSION, &X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool fill(X509* certificate, EVP_PKEY* key, const std::string& hostname) {
  return X509_set_version(certificate, kVersion3) == 1 && set_serial(certificate) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), kSelfSignedDays * kSecondsADay) !=
             nullptr &&
         set_names(certificate, hostname) && X509_set_pubkey(certificate, key) == 1 &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_subject_alt_name, "DNS:" + hostname) &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

// Never asks for a passphrase.
int no_passphrase(char*, int, int, void*) noexcept { return -1; }

EVP_PKEY* parse_key(std::string_view pem) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return memory ? PEM_read_bio_PrivateKey(memory.get(), nullptr, &no_passphrase, nullptr) : nullptr;
}

}  // namespace

Result<SelfSigned> make_self_signed(const std::string& hostname, std::string_view given_key) {
  const Key key(given_key.empty() ? EVP_EC_gen("P-256") : parse_key(given_key));
  if (!key) return failed(given_key.empty() ? "cannot make a key" : "cannot read the key");
  const Certificate certificate(X509_new());
  if (!certificate || !fill(certificate.get(), key.get(), hostname))
    return failed("cannot make a certificate");
  const Memory certificate_pem(BIO_new(BIO_s_mem()));
  const Memory key_pem(BIO_new(BIO_s_mem()));
  if (!certificate_pem || PEM_write_bio_X509(certificate_pem.get(), certificate.get()) != 1 ||
      !key_pem ||
      PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1)
    return failed("cannot write a certificate");
  return SelfSigned{content(certificate_pem.get()), content(key_pem.get())};
}

}  // namespace postrider::net

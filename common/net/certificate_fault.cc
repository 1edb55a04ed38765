#include "common/net/certificate_fault.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/handle.h"
#include "common/net/ssl_slot.h"

namespace postrider::net {

namespace {

// Where a handshake keeps its fault.
using Slot = SslSlot<std::string>;

// The names that subjectAltName has, the first of them: "a.example, *.b.example and 3 more".
std::string names_of(const X509* certificate) {
  const Handle<GENERAL_NAMES, &GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  std::size_t count = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS || ++count > kNamesTold) continue;
    const ASN1_STRING* const octets = name->d.dNSName;
    std::string one(
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(octets)),
        std::min<std::size_t>(static_cast<std::size_t>(ASN1_STRING_length(octets)), kMaxName));
    std::replace_if(one.begin(), one.end(), &is_control, '?');
    text += (text.empty() ? "" : ", ") + one;
  }
  if (count > kNamesTold) text += fmt::format(" and {} more", count - kNamesTold);
  return text.empty() ? "no host" : text;
}

// What it should be for: "mx.example.org or .example.net", or an address.
std::string wanted_by(X509_VERIFY_PARAM* parameters) {
  std::string text;
  for (int i = 0; const char* const host = X509_VERIFY_PARAM_get0_host(parameters, i); ++i)
    text += (text.empty() ? "" : " or ") + std::string(host);
  if (!text.empty()) return text;
  char* const ip = X509_VERIFY_PARAM_get1_ip_asc(parameters);
  text = ip != nullptr ? ip : "this server";
  OPENSSL_free(ip);
  return text;
}

std::string date_of(const ASN1_TIME* time) {
  const Handle<BIO, &BIO_free> memory(BIO_new(BIO_s_mem()));
  if (!memory || ASN1_TIME_print(memory.get(), time) != 1) return "an unknown date";
  char* octets = nullptr;
  const long length = BIO_get_mem_data(memory.get(), &octets);
  return {octets, static_cast<std::size_t>(length)};
}

std::string words_for(X509_STORE_CTX* verification) {
  const int error = X509_STORE_CTX_get_error(verification);
  const X509* const certificate = X509_STORE_CTX_get_current_cert(verification);
  const char* const whose =
      X509_STORE_CTX_get_error_depth(verification) == 0 ? "the certificate" : "its authority's";
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{} expired on {}", whose, date_of(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("{} is not valid before {}", whose,
                         date_of(X509_get0_notBefore(certificate)));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return "the certificate is self-signed";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "the certificate is signed by an authority that is not trusted here";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("the certificate is for {}, not for {}", names_of(certificate),
                         wanted_by(X509_STORE_CTX_get0_param(verification)));
    default:
      return fmt::format("the certificate is not trusted: {}",
                         X509_verify_cert_error_string(error));
  }
}

// The first thing that is wrong is told; where it need not be right, the handshake goes on.
int on_verified(int good, X509_STORE_CTX* verification) noexcept {
  if (good == 1) return good;
  const auto* const ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  std::string* const fault = Slot::find(ssl);
  if (fault != nullptr && fault->empty()) *fault = words_for(verification);
  return good;
}

}  // namespace

bool watch_certificate(SSL* ssl, int mode) {
  SSL_set_verify(ssl, mode, &on_verified);
  return Slot::fill(ssl, std::make_unique<std::string>());
}

std::string certificate_fault(const SSL* ssl) {
  const std::string* const fault = Slot::find(ssl);
  return fault == nullptr ? std::string() : *fault;
}

}  // namespace postrider::net

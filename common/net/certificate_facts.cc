#include "common/net/certificate_facts.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

#include <fmt/format.h>

#include "common/base/handle.h"

namespace postrider::net {

namespace {

using File = Handle<std::FILE, &std::fclose>;
using Certificate = Handle<X509, &X509_free>;

}  // namespace

Result<CertificateFacts> read_certificate_facts(const std::string& path,
                                                const std::string& hostname) {
  const File file(std::fopen(path.c_str(), "re"));
  if (!file) return fail_errno(path, errno);
  const Certificate certificate(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
  std::tm end{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, fmt::format("{}: there is no certificate in PEM in it", path));
  }
  CertificateFacts facts;
  facts.expiry = WallTime(std::chrono::seconds(::timegm(&end)));
  facts.is_for_host =
      X509_check_host(certificate.get(), hostname.c_str(), hostname.size(), 0, nullptr) == 1;
  facts.is_self_signed = X509_NAME_cmp(X509_get_subject_name(certificate.get()),
                                       X509_get_issuer_name(certificate.get())) == 0;
  return facts;
}

}  // namespace postrider::net

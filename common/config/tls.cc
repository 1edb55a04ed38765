#include "common/config/tls.h"

#include <utility>

namespace postrider::config {

net::TlsServer::Options tls_options(const Settings& settings, std::vector<std::string> protocols) {
  const Settings::Tls& tls = settings.tls;
  net::TlsServer::Options options{.files = {{tls.certificate, tls.key}},
                                  .only_tls13 = tls.min_version == "1.3",
                                  .protocols = std::move(protocols)};
  for (const CertificateFiles& files : tls.additional)
    options.files.push_back({files.certificate, files.key});
  return options;
}

std::vector<std::string> tls_files(const Settings& settings) {
  std::vector<std::string> files{settings.tls.certificate, settings.tls.key};
  for (const CertificateFiles& more : settings.tls.additional) {
    files.push_back(more.certificate);
    files.push_back(more.key);
  }
  return files;
}

}  // namespace postrider::config

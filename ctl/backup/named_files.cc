#include "ctl/backup/named_files.h"

#include <fmt/format.h>

namespace postrider::ctl::backup {

std::vector<NamedFile> named_files(const config::Settings& settings) {
  std::vector<NamedFile> all{
      {"tls.certificate", settings.tls.certificate},
      {"tls.key", settings.tls.key},
      {"tls.ca_file", settings.tls.ca_file},
      {"relay.smarthost_password_file", settings.relay.smarthost_password_file},
      {"passwords.common", settings.passwords.common}};
  std::size_t number = 0;
  for (const config::CertificateFiles& files : settings.tls.additional) {
    all.push_back({fmt::format("tls.additional.{}.certificate", number), files.certificate});
    all.push_back({fmt::format("tls.additional.{}.key", number), files.key});
    ++number;
  }
  std::erase_if(all, [](const NamedFile& file) { return file.path.empty(); });
  return all;
}

}  // namespace postrider::ctl::backup

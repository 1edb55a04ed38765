#include "smtpd/confinement.h"

#include "common/config/dns_ports.h"
#include "common/config/tls.h"
#include "common/spool/paths.h"

namespace postrider::smtpd {

sandbox::Confinement confinement(const config::Settings& settings) {
  const auto& paths = settings.paths;
  sandbox::Confinement may{.read = sandbox::system_files(),
                           .write = {spool::Paths{paths.spool}.incoming()},
                           .share = {paths.run},
                           .accepts = true,
                           .speaks_to_host = true,
                           .speaks_to_network = true,
                           .tcp_ports = config::dns_ports(settings)};
  may.read.push_back(paths.data);
  // Certificates are renewed by the workers.
  for (std::string& path :
       sandbox::folders_of(config::tls_files(settings), {paths.mail, paths.spool}))
    may.read.push_back(std::move(path));
  return may;
}

}  // namespace postrider::smtpd

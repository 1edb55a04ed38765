#include "pop3d/confinement.h"

#include "common/config/tls.h"

namespace postrider::pop3d {

sandbox::Confinement confinement(const config::Settings& settings) {
  const auto& paths = settings.paths;
  sandbox::Confinement may{.read = sandbox::system_files(),
                           .write = {paths.mail},
                           .share = {paths.run},
                           .accepts = true};
  may.read.push_back(paths.data);
  // Certificates are renewed by the workers.
  for (std::string& path : sandbox::folders_of(config::tls_files(settings), {paths.spool}))
    may.read.push_back(std::move(path));
  return may;
}

}  // namespace postrider::pop3d

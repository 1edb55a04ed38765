#include "deliverd/confinement.h"

namespace postrider::deliverd {

sandbox::Confinement confinement(const config::Settings& settings, Role role) {
  const auto& paths = settings.paths;
  sandbox::Confinement may{
      .read = sandbox::system_files(), .share = {paths.run}, .speaks_to_host = true};
  if (role == Role::local) {
    may.write = {paths.mail};
  } else {
    may.speaks_to_network = true;
    // Authorities may be looked for when a certificate is judged.
    for (std::string& path :
         sandbox::folders_of({settings.tls.ca_file}, {paths.mail, paths.spool, paths.data}))
      may.read.push_back(std::move(path));
  }
  return may;
}

}  // namespace postrider::deliverd

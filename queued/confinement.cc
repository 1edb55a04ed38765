#include "queued/confinement.h"

namespace postrider::queued {

sandbox::Confinement confinement(const config::Settings& settings) {
  const auto& paths = settings.paths;
  // Names of users may be known to a service of this host.
  sandbox::Confinement may{.read = sandbox::system_files(),
                           .write = {paths.spool},
                           .share = {paths.run},
                           .accepts = true,
                           .speaks_to_host = true};
  may.read.push_back(paths.data);
  return may;
}

}  // namespace postrider::queued

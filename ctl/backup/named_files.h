// named_files.h - the files that a configuration names: certificates, keys, passwords.
#pragma once

#include <string>
#include <vector>

#include "common/config/settings.h"

namespace postrider::ctl::backup {

struct NamedFile {
  std::string parameter;  // "tls.key"; of an array with its place: "tls.additional.0.key"
  std::string path;
};

// Those that are named. What only the system has, as its list of authorities, is not.
std::vector<NamedFile> named_files(const config::Settings& settings);

}  // namespace postrider::ctl::backup

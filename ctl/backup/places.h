// places.h - where what is in a backup belongs on this host: what a configuration says. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/settings.h"

namespace postrider::ctl::backup {

class Places {
 public:
  // `configuration` is the file from which `settings` are, or will be.
  Places(const config::Settings& settings, std::string configuration);

  // Of a path of the backup; nothing: the configuration has no place for it, as it names no such
  // file. `path` is a sound one.
  std::optional<std::string> of(std::string_view path) const;

 private:
  std::map<std::string, std::string, std::less<>> roots_;  // of whole trees
  std::map<std::string, std::string, std::less<>> files_;
};

}  // namespace postrider::ctl::backup

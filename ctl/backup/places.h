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
  // The folder of the instance in which `place` is, or which it is; "" where there is none.
  std::string root_above(const std::string& place) const;
  std::optional<std::string> of(std::string_view path) const;

 private:
  std::map<std::string, std::string, std::less<>> roots_;  // of whole trees
  std::map<std::string, std::string, std::less<>> files_;
};

}  // namespace postrider::ctl::backup

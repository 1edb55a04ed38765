#include "ctl/backup/places.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "ctl/backup/manifest.h"
#include "ctl/backup/named_files.h"

namespace postrider::ctl::backup {

namespace {

std::string folder_of(const std::string& file) {
  return std::filesystem::path(file).parent_path().string();
}

}  // namespace

Places::Places(const config::Settings& settings, std::string configuration)
    : roots_{{"spool", settings.paths.spool},
             {"data", settings.paths.data},
             {"mail", settings.paths.mail},
             {"run", settings.paths.run}} {
  for (const NamedFile& file : named_files(settings)) {
    files_["named/" + file.parameter] = file.path;
    files_["folders/" + file.parameter] = folder_of(file.path);
  }
  files_["folders/config"] = folder_of(configuration);
  files_[kConfigPath] = std::move(configuration);
}

std::string Places::root_above(const std::string& place) const {
  std::string longest;
  for (const auto& [name, root] : roots_)
    if (root.size() > longest.size() && (place == root || place.starts_with(root + '/')))
      longest = root;
  return longest;
}

std::optional<std::string> Places::of(std::string_view path) const {
  const std::size_t slash = path.find('/');
  if (const auto root = roots_.find(path.substr(0, slash)); root != roots_.end())
    return root->second + std::string(path.substr(std::min(slash, path.size())));
  const auto file = files_.find(path);
  if (file == files_.end()) return std::nullopt;
  return file->second;
}

}  // namespace postrider::ctl::backup
